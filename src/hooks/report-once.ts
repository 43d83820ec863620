import type { HookReport } from './report.ts';

/** Lets through what happens as it comes, and once only what stays as it is from one transition to the next. */
export function reportOnce(report: (report: HookReport) => void): (report: HookReport) => void {
  const said = new Set<string>();
  return (event) => {
    const note = noteIn(event);
    if (note === undefined) {
      report(event);
    } else if (!said.has(note)) {
      said.add(note);
      report(event);
    }
  };
}

/** What an administrator may have meant as it is, and need not be told again and again. */
function noteIn(event: HookReport): string | undefined {
  switch (event.kind) {
    case 'hook-left-out':
      return `${event.hook} ${event.why}`;
    case 'hook-linked':
      return `${event.hook} ${event.hardLinks}`;
    case 'hook-interpreter-exposed':
      return JSON.stringify(event);
    default:
      return undefined;
  }
}
