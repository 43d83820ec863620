import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A stand-in for `ssh`, first in PATH for as long as a test needs it. */
export interface FakeSsh {
  /** The arguments of each call. */
  calls(): string[][];
  /** The pids of each call's process. */
  pids(): number[];
  /** From now on it fails with these words and this exit code, reading nothing; undefined: it works. */
  fail(failure: { readonly words: string; readonly code: number } | undefined): void;
  /** From now on each leaves a process behind that has its standard error open, as a ProxyCommand may. */
  leaveBehind(): void;
  restore(): void;
}

/** Connects standard input and output to a socket, as `docker system dial-stdio` does at the other end. */
export function installFakeSsh(folder: string, socket: string): FakeSsh {
  const bin = join(folder, 'bin');
  const log = join(folder, 'ssh.log');
  const failing = join(folder, 'ssh.failing');
  const behind = join(folder, 'ssh.behind');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'ssh'),
    `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
appendFileSync(${JSON.stringify(log)}, JSON.stringify([process.pid, process.argv.slice(2)]) + '\\n');
if (existsSync(${JSON.stringify(failing)}) && readFileSync(${JSON.stringify(failing)}, 'utf8') !== '') {
  const { words, code } = JSON.parse(readFileSync(${JSON.stringify(failing)}, 'utf8'));
  require('node:fs').closeSync(0);
  process.stderr.write(words);
  process.exitCode = code;
} else {
  if (existsSync(${JSON.stringify(behind)})) {
    const stdio = ['ignore', 'ignore', 'inherit'];
    const { pid } = require('node:child_process').spawn('sleep', ['30'], { stdio, detached: true });
    appendFileSync(${JSON.stringify(behind)}, pid + '\\n');
  }
  const socket = require('node:net').connect(${JSON.stringify(socket)});
  socket.on('error', (error) => {
    process.stderr.write('Cannot connect to the Docker daemon: ' + error.code + '\\n');
    process.exit(1);
  });
  socket.on('close', () => process.exit(0));
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
}
`,
  );
  chmodSync(join(bin, 'ssh'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  const entries = () =>
    (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []).map(
      (line) => JSON.parse(line) as [number, string[]],
    );

  return {
    calls: () => entries().map(([, words]) => words),
    pids: () => entries().map(([pid]) => pid),
    fail: (failure) => writeFileSync(failing, failure === undefined ? '' : JSON.stringify(failure)),
    leaveBehind: () => writeFileSync(behind, ''),
    restore() {
      const left = existsSync(behind) ? readFileSync(behind, 'utf8').trim().split('\n') : [];
      for (const pid of left) if (pid !== '') process.kill(Number(pid));
      process.env.PATH = path;
    },
  };
}
