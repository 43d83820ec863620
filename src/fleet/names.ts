import { createHash } from 'node:crypto';

/** The stream and the buckets of a fleet. */
export const streamName = 'DLL';
export const hostsBucket = 'dll-hosts';
export const setupBucket = 'dll-setup';
/** The key of `setupBucket`, and the format that this version writes there. */
export const setupKey = 'fleet';
export const setupFormat = 1;

/** All messages of a fleet; `p` is the partition of the host. */
export const allMessages = 'dll.v1.ev.>';

/** The rules of a host's name: it is a part of subjects, keys and permissions. */
export const hostNamePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Returns the subjects of one host, without their ends: `dll.v1.ev.7.web-1`. */
export function hostSubject(host: string, partitions: number): string {
  return `dll.v1.ev.${partitionOf(host, partitions)}.${host}`;
}

/** Returns the partition of a host: all its messages are in one, so that one worker at a time has them, in order. */
export function partitionOf(host: string, partitions: number): number {
  return createHash('sha256').update(host).digest().readUInt32BE(0) % partitions;
}

/** The subject of a key of a bucket. */
export function keySubject(bucket: string, key: string): string {
  return `$KV.${bucket}.${key}`;
}

/** The question for the last message of a stream on a subject, which may end in a wildcard. */
export function lastMessageQuestion(stream: string, subject: string): string {
  return `$JS.API.DIRECT.GET.${stream}.${subject}`;
}

/** Inboxes of a host's answers: no host may read those of another. */
export function inboxPrefix(host: string): string {
  return `_INBOX_dll.${host}`;
}

/** Returns the id of a message, by which the broker knows one that it has already. */
export function messageId(host: string, journal: string, sequence: number): string {
  return `${host}/${journal}/${sequence}`;
}

/** Takes the id of a message apart; undefined for one of another program. */
export function readMessageId(
  id: string,
): { readonly host: string; readonly journal: string; readonly sequence: number } | undefined {
  const [, host, journal, sequence] = /^([A-Za-z0-9_-]{1,64})\/([0-9a-f]{16})\/(\d{1,12})$/.exec(id) ?? [];
  if (host === undefined || journal === undefined) return undefined;
  return { host, journal, sequence: Number(sequence) };
}

/** A host's permissions: its own subtree, its own key, and what it has to read. */
export function hostPermissions(host: string, partitions: number) {
  const subject = hostSubject(host, partitions);
  const kv = (bucket: string, key: string) => lastMessageQuestion(`KV_${bucket}`, keySubject(bucket, key));
  return {
    publish: [
      `${subject}.>`,
      keySubject(hostsBucket, host),
      lastMessageQuestion(streamName, `${subject}.>`),
      kv(hostsBucket, host),
      kv(setupBucket, setupKey),
    ],
    subscribe: [`${inboxPrefix(host)}.>`],
  };
}
