import type { EngineRemark, EngineReport } from './report.ts';

/** Says what is to be said about one engine, without saying the same thing over and over. */
export interface Remarks {
  say(remark: EngineRemark): void;
  /** Says it unless it was the last thing said here. */
  sayOnce(remark: EngineRemark): void;
  /** What was said is over: it may be said again. */
  forget(): void;
}

export function createRemarks(
  about: { readonly engine: string; readonly url: string },
  report: (report: EngineReport) => void,
): Remarks {
  let last = '';
  const say = (remark: EngineRemark) => report({ ...about, ...remark });
  return {
    say,
    sayOnce(remark) {
      const text = JSON.stringify(remark);
      if (text !== last) say(remark);
      last = text;
    },
    forget() {
      last = '';
    },
  };
}
