import { addressAndPort } from '../../system/words.ts';
import {
  readAddress,
  readAddressAndPort,
  readChoice,
  readControlPath,
  readCount,
  readDuration,
  readFleetName,
  readFleetServer,
  readGroupName,
  readHostName,
  readLimit,
  readPath,
  readPort,
} from './readers.ts';
import type { ValueType } from './setting.ts';

/** A value that is checked elsewhere. */
export const text: ValueType<string> = { read: ({ value }) => value, write: itself };
export const path: ValueType<string> = { read: readPath, write: itself };
export const port: ValueType<number> = { read: readPort, write: itself };
export const address: ValueType<string> = { read: readAddress, write: itself };
export const hostName: ValueType<string> = { read: readHostName, write: itself };

export const fleetServer: ValueType<string> = { read: readFleetServer, write: itself };
export const fleetName: ValueType<string> = { read: readFleetName, write: itself };

/** In ms. */
export const duration: ValueType<number> = { read: readDuration, write: writeDuration };

/** In ms. */
export const limit: ValueType<number | 'none'> = {
  read: readLimit,
  write: (value) => (value === 'none' ? value : writeDuration(value)),
};

/** A path, or `none`. */
export const pathOrNone: ValueType<string> = {
  read: (input) => (input.value === 'none' ? 'none' : readPath(input)),
  write: itself,
};

/** The path of a control socket, or `none`. */
export const controlPath: ValueType<string> = {
  read: (input) => (input.value === 'none' ? 'none' : readControlPath(input)),
  write: itself,
};

/** The name of a group of this system, or `none`. */
export const groupName: ValueType<string> = { read: readGroupName, write: itself };

/** An address with a port, or `none`. */
export const place: ValueType<{ readonly address: string; readonly port: number } | 'none'> = {
  read: (input) => (input.value === 'none' ? 'none' : readAddressAndPort(input)),
  write: (value) => (value === 'none' ? value : addressAndPort(value.address, value.port)),
};

export function choice<Word extends string>(words: readonly Word[]): ValueType<Word> {
  return { read: (input) => readChoice(input, words), write: itself };
}

/** A number from 1 to `most`. */
export function count(most: number): ValueType<number> {
  return { read: (input) => readCount(input, most), write: itself };
}

function itself<Value>(value: Value): Value {
  return value;
}

function writeDuration(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
