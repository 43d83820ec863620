/** Waits until a condition holds; rejects after `limit` ms, far beyond what a loaded machine needs. */
export async function waitFor(condition: () => boolean, limit = 20_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited ${limit} ms in vain for: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
