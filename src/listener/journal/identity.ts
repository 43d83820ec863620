import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readSmallFile } from '../../system/small-file.ts';
import { errorCode } from '../../system/user-error.ts';

/**
 * A name for the numbers of a journal. A power loss, or a removed folder, makes a journal give numbers again that its
 * readers elsewhere know already; then it takes another id, and what its readers know counts no more.
 */
export interface JournalIdentity {
  /** 16 characters, a to f and digits. */
  readonly id: string;
  /** Readers elsewhere get records with higher numbers than this one under this id. */
  readonly after: number;
  /** A reader elsewhere has had records under this id. */
  readonly isKnown: boolean;
}

const longest = 1024;

/**
 * Reads the identity in a journal's folder, and makes one where there is none.
 * @throws system errors
 */
export async function journalIdentity(folder: string): Promise<JournalIdentity> {
  return readIdentity(folder) ?? writeIdentity(folder, { id: newId(), after: 0, isKnown: false });
}

/** Gives the journal another id, for records with higher numbers than `after`. */
export function renewIdentity(folder: string, after: number): Promise<JournalIdentity> {
  return writeIdentity(folder, { id: newId(), after, isKnown: false });
}

/** Keeps in the folder that a reader elsewhere has had records under this id. */
export function noteKnown(folder: string, identity: JournalIdentity): Promise<JournalIdentity> {
  return writeIdentity(folder, { ...identity, isKnown: true });
}

function newId(): string {
  return randomBytes(8).toString('hex');
}

function readIdentity(folder: string): JournalIdentity | undefined {
  const file = readSmallFile(join(folder, 'id.json'), longest);
  if (file.kind === 'unreadable') throw Object.assign(new Error('Cannot read id.json'), { code: file.code });
  if (file.kind !== 'read') return undefined;
  try {
    const { id, after, isKnown } = JSON.parse(file.bytes.toString('utf8'));
    const isSound = /^[0-9a-f]{16}$/.test(id) && Number.isSafeInteger(after) && after >= 0;
    return isSound ? { id, after, isKnown: isKnown === true } : undefined;
  } catch {
    return undefined;
  }
}

/** The old file stays whole until the new one is on the disk. */
async function writeIdentity(folder: string, identity: JournalIdentity): Promise<JournalIdentity> {
  const path = join(folder, 'id.json');
  const handle = await open(`${path}.new`, 'w', 0o600);
  try {
    await handle.write(`${JSON.stringify({ version: 1, ...identity })}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  const above = await open(folder, constants.O_RDONLY);
  await above.sync().catch((error: unknown) => {
    // Some file systems cannot sync a folder.
    if (errorCode(error) !== 'EINVAL') throw error;
  });
  await above.close();
  return identity;
}
