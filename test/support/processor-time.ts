/** Milliseconds of processor time that an action takes in this process; what other processes do adds nothing. */
export function processorTime(action: () => void): number {
  const began = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}
