import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type TlsFiles, tlsFileNames } from '../config/endpoint.ts';
import { FileRefused, requireRootsOwn } from '../config/roots-own.ts';
import { describeFileProblem, readSmallFile } from '../system/small-file.ts';

/** Why TLS cannot be begun; `code` is `TLS` as a Node system error's would be. */
export class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable';
  readonly code = 'TLS';
}

/** What `tls.connect` takes of it. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext;
}

/**
 * Reads the files of a TLS connection, at each attempt, so that renewed or mended ones are taken up.
 * @throws TlsFilesUnusable
 */
export function readTlsFiles({ folder, verify }: TlsFiles): TlsOptions {
  const [ca, cert, key] = tlsFileNames.map((name) => readPresent(join(folder, name)));
  // OpenSSL would send no certificate then, and the engine's refusal would say nothing of it.
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, present] = cert === undefined ? ['cert.pem', 'key.pem'] : ['key.pem', 'cert.pem'];
    throw new TlsFilesUnusable(`${folder} has ${present} but no ${missing}`);
  }
  try {
    const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    return { rejectUnauthorized: verify, secureContext: createSecureContext(files) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsFilesUnusable(`a TLS file in ${folder} makes no sense: ${why}`);
  }
}

/** Bytes that such a file has at most; a bundle of all public authorities has a quarter of it. */
const longest = 2 ** 20;

function readPresent(path: string): Buffer | undefined {
  if (process.geteuid?.() === 0 && !isRootsOwn(path)) return undefined;
  const file = readSmallFile(path, longest);
  if (file.kind === 'read') return file.bytes;
  if (file.kind === 'missing') return undefined;
  throw new TlsFilesUnusable(describeFileProblem(path, file));
}

/** Looks again at each attempt, because the files are read at each; false where there is none. */
function isRootsOwn(path: string): boolean {
  try {
    return requireRootsOwn('tls', path);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    const { refusal } = error;
    throw new TlsFilesUnusable(
      `root does not use ${path}: ${refusal.path} is refused (${refusal.cause.kind})`,
    );
  }
}
