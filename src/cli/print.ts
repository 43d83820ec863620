import { progress } from './progress.ts';

/** Data, on standard output. */
export function print(text: string): void {
  progress.clear();
  process.stdout.write(text);
}

/** Everything else, on standard error. */
export function remark(text: string): void {
  progress.clear();
  process.stderr.write(text);
}

/** Whoever reads may have enough before it is all said, as `head` does: no failure of ours. */
export function endWithReader(): void {
  process.stdout.on('error', () => process.exit());
}
