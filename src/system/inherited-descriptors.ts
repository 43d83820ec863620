import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC as Linux writes it in /proc/PID/fdinfo, on every architecture that Node runs on. */
const closeOnExec = 0o2000000;

/**
 * Closes what whoever started this program left open for it, the three streams apart: our children would
 * inherit it. Node keeps its own descriptors from them, and low-numbered ones, but not all (libuv's
 * uv_disable_stdio_inheritance stops at the first gap above 15). Only where there is a /proc.
 */
export function closeInheritedDescriptors(): void {
  for (const descriptor of descriptors()) {
    if (descriptor <= 2 || isOurOwn(descriptor)) continue;
    try {
      closeSync(descriptor);
    } catch {
      // The one that listed them: it is closed by now.
    }
  }
}

function descriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

function isOurOwn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & closeOnExec) !== 0;
  } catch {
    return true;
  }
}
