import type { EngineRemark, EngineReport } from './report.ts';

/** Says what is to be said about one engine, without saying the same thing over and over. */
export interface Remarks {
  say(remark: EngineRemark): void;
  /** Says it unless it was said here already. */
  sayOnce(remark: EngineRemark): void;
  /** What was said is over: it may be said again. */
  forget(): void;
}

/** How many different things are known as said. */
const most = 20;

export function createRemarks(
  about: { readonly engine: string; readonly url: string },
  report: (report: EngineReport) => void,
): Remarks {
  const said = new Set<string>();
  const say = (remark: EngineRemark) => report({ ...about, ...remark });
  return {
    say,
    sayOnce(remark) {
      const text = JSON.stringify(remark);
      if (said.has(text)) return;
      // Messages may hold anything: rather one twice than all for ever.
      if (said.size >= most) said.clear();
      said.add(text);
      say(remark);
    },
    forget() {
      said.clear();
    },
  };
}
