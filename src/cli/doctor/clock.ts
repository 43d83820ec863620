import { join } from 'node:path';
import type { Settings } from '../../listener/config/settings.ts';
import { readPast } from '../../listener/journal/past.ts';
import { liveness, startedAt } from '../../system/processes.ts';
import { errorCode } from '../../system/user-error.ts';
import { age } from '../../system/words.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** The times that the clock is compared with, in ms since the epoch. */
export interface ClockWitnesses {
  readonly now: number;
  /** The latest time in the journal; undefined where there is none. */
  readonly latest: number | undefined;
  /**
   * The start of a listener that runs: by the clock as it was then, and counted back by the time that has passed
   * since, which cannot be set. Undefined where it is unknown.
   */
  readonly start: { readonly written: number; readonly counted: number } | undefined;
}

/** The largest difference, in ms, that is no sign of a clock that was set: a start is slow on a busy machine. */
const tolerance = { latest: 5000, start: 30_000 };

/** Holds the clock against what the journal says. */
export function judgeClock({ now, latest, start }: ClockWitnesses, platform: NodeJS.Platform): Finding[] {
  if (latest === undefined) return [];
  const [set, see] =
    platform === 'darwin'
      ? ['sntp -sS time.apple.com', 'systemsetup -getusingnetworktime']
      : ['timedatectl set-ntp true', 'timedatectl'];
  if (latest - now > tolerance.latest) {
    const found = `${age(latest - now)} before the newest record of the journal, ${new Date(latest).toISOString()}`;
    return [
      wrong(
        'clock',
        `it is ${found}: it was set back, or is wrong`,
        `Run: ${set}; or set it by hand, with date`,
      ),
    ];
  }
  const jump = start === undefined ? 0 : start.counted - start.written;
  if (Math.abs(jump) <= tolerance.start) return [ok('clock', 'in step with the journal')];
  const how = jump > 0 ? 'forward' : 'back';
  return [
    note(
      'clock',
      `it was set ${how} by ${age(Math.abs(jump))} since the listener started: times in the history from before are off by that`,
      `Right now, nothing has to be done; else run: ${set}. See: ${see}`,
    ),
  ];
}

/** Looks into the journal for what the clock can be held against. */
export async function checkClock({ stateDir }: Settings, platform: NodeJS.Platform): Promise<Finding[]> {
  try {
    const { latest, open } = await readPast(join(stateDir, 'journal'));
    const writer = open.writer();
    const counted =
      writer !== undefined && liveness(writer.process) === 'alive' ? startedAt(writer.process) : undefined;
    const start =
      writer === undefined || counted === undefined
        ? undefined
        : { written: Date.parse(writer.time), counted };
    return judgeClock({ now: Date.now(), latest, start }, platform);
  } catch (error) {
    // Not made yet, or not for this user to read: the row on the folder says so.
    if (errorCode(error) !== undefined) return [];
    throw error;
  }
}
