import { describeMounts } from './mounts.ts';

describeMounts('26.1');
