export function thirdPartyNotices(root: string, inputs: readonly string[]): string;
export function packagesIn(
  notices: string,
): { readonly name: string; readonly version: string; readonly license: string }[];
