import dockerfile from '../../notifier/Dockerfile';
import script from '../../notifier/notifier.sh';
import type { ArchivedFile } from '../notifier-container/tar.ts';

/** What the notifier's image is built from, in the program itself: wherever that is, nothing has to be beside it. */
export const notifierFiles: readonly ArchivedFile[] = [
  { name: 'Dockerfile', content: dockerfile, mode: 0o644 },
  { name: 'notifier.sh', content: script, mode: 0o755 },
];
