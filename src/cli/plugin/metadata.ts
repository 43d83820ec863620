import { version } from '../../version.ts';

/**
 * What Docker wants to know of a plugin (its cli-plugins/metadata), as one line of JSON.
 * `docker --help` shows the description, and an asterisk with the name.
 */
export function metadata(): string {
  return JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: 'docker-lifecycle-listener',
    Version: version,
    ShortDescription: 'Run scripts when Docker starts and stops',
  });
}
