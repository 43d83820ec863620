import { closeSync, openSync, writeSync } from 'node:fs';
import { nkeys } from '@nats-io/transport-node';
import { readSmallFile } from '../system/small-file.ts';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';
import { hostPermissions } from './names.ts';

/**
 * Makes a host's nkey in a file, or reads the one that is there.
 * @returns its public half, and whether it is new
 * @throws UserError for a file that holds something else, or cannot be written
 */
export function hostKey(path: string): { readonly publicKey: string; readonly isNew: boolean } {
  const file = readSmallFile(path, 1024);
  if (file.kind === 'read') return { publicKey: publicKeyIn(path, file.bytes), isNew: false };
  const pair = nkeys.createUser();
  try {
    // O_EXCL: a link that someone put there is not followed.
    const descriptor = openSync(path, 'wx', 0o600);
    writeSync(descriptor, `${Buffer.from(pair.getSeed()).toString('latin1')}\n`);
    closeSync(descriptor);
  } catch (error) {
    throw new UserError(
      exitCode.failed,
      `Cannot write ${path} (${errorCode(error) ?? 'UNKNOWN'})`,
      'Run this in a folder of yours, where no file of that name is',
    );
  }
  return { publicKey: pair.getPublicKey(), isNew: true };
}

function publicKeyIn(path: string, bytes: Buffer): string {
  try {
    const publicKey = nkeys.fromSeed(Buffer.from(bytes.toString('latin1').trim())).getPublicKey();
    if (publicKey.startsWith('U')) return publicKey;
  } catch {
    // No seed at all.
  }
  throw new UserError(
    exitCode.failed,
    `${path} is there, and holds no nkey seed of a user`,
    'Move it away, or run this in another folder',
  );
}

/** Returns the host's user for the configuration of nats-server. */
export function serverStanza(host: string, publicKey: string, partitions: number): string {
  const { publish, subscribe } = hostPermissions(host, partitions);
  const list = (subjects: readonly string[]) =>
    subjects.map((subject) => `        ${JSON.stringify(subject)}`);
  return [
    `  { nkey: ${publicKey}  # ${host}`,
    '    permissions: {',
    '      publish: [',
    list(publish).join(',\n'),
    '      ]',
    '      subscribe: [',
    list(subscribe).join(',\n'),
    '      ]',
    '    }',
    '  }',
    '',
  ].join('\n');
}
