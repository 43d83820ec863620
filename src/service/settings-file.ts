import { quote } from '../system/shell-quote.ts';
import { productName } from './layout.ts';
import type { Supervisor } from './machine.ts';
import { type Scope, systemctl, systemScope } from './scope.ts';

/**
 * The settings file of a new service: each line is a default, commented out.
 * @param guide where docs/configuration.md is
 * @param scriptDir the folder of the hooks, which the unit's command line names
 */
export function settingsFileText(
  guide: string,
  scriptDir: string,
  supervisor: Supervisor['kind'] = 'systemd',
  scope: Scope = systemScope,
): string {
  const isSystemd = supervisor === 'systemd';
  const manager = systemctl(scope).join(' ');
  const reload = isSystemd ? `${manager} reload ${productName}` : `${productName} reload`;
  const edit = isSystemd ? `# To change those: ${manager} edit ${productName}\n` : '';
  return `# Settings of docker-lifecycle-listener. Every line is the default, taken out with a #.
# What they mean: ${guide}
# What holds:     docker-lifecycle-listener config check ${quote(scriptDir)}
# After a change: ${reload}

# What the unit's command line says counts before this file: the folder of the hooks, and when_started.
${edit}
# Which engines, where they are not Docker's own default:
#hosts = ["unix:///var/run/docker.sock"]

# How often to make sure that Docker still answers; "0" for never.
#heartbeat = "30s"

# The port for notifier containers is closed until: docker-lifecycle-listener notifier install

# "quiet", "normal" or "verbose"
#verbosity = "normal"

# From SIGTERM to SIGKILL, for a hook that is ended.
#grace = "10s"

# How long one hook may run.
#timeout.on_start = "none"
#timeout.on_stop = "2min"
`;
}
