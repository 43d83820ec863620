import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { room } from './wait-for.ts';

/** A terminal of tmux's, in which a program runs as for a user. */
export interface Terminal {
  /** What it shows now, a line each, without what is empty at their ends and at the bottom. */
  lines(): string[];
  /** Waits until it shows that. */
  shows(pattern: RegExp, limit?: number): Promise<void>;
  /** Presses keys, as tmux names them: `q`, `C-c`, `Tab`. */
  press(...keys: readonly string[]): void;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** Whether anything it shows is coloured, bold or faint. */
  isColoured(): boolean;
  isCursorShown(): boolean;
  /** Whether a program has taken the screen over. */
  isTaken(): boolean;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Opens a terminal, with a server of its own, until the test ends. */
export function openTerminal(words: readonly string[], options: TerminalOptions = {}): Terminal {
  const { columns = 100, rows = 30, environment = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'dll-terminal-'));
  const tmux = (...more: readonly string[]): string =>
    execFileSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...more], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C.UTF-8', SHELL: '/bin/sh', TERM: 'screen' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  onTestFinished(() => {
    try {
      tmux('kill-server');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  // Not with tmux's own -e, which leaves PATH as it is.
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const size = ['-x', String(columns), '-y', String(rows)];
  tmux('new-session', '-d', ...size, '--', 'env', ...variables, ...words);
  tmux('set-option', '-g', 'remain-on-exit', 'on');
  const asked = (format: string) => tmux('display-message', '-p', format).trim();
  const lines = () =>
    tmux('capture-pane', '-p')
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  return {
    lines,
    async shows(pattern, limit) {
      const began = Date.now();
      while (!pattern.test(lines().join('\n'))) {
        const waited = Date.now() - began;
        if (waited > room(limit))
          throw new Error(`Never showed ${pattern}, but at last:\n${lines().join('\n')}`);
        // Each look starts a process: not too often.
        await new Promise((resolve) => setTimeout(resolve, Math.min(300, Math.max(50, waited / 4))));
      }
    },
    press: (...keys) => void tmux('send-keys', ...keys),
    type: (text) => void tmux('send-keys', '-l', text),
    resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
    isColoured: () => /\u001b\[[1-9]/.test(tmux('capture-pane', '-p', '-e')),
    isCursorShown: () => asked('#{cursor_flag}') === '1',
    isTaken: () => asked('#{alternate_on}') === '1',
  };
}
