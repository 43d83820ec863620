const program = 'docker-lifecycle-listener';

/** Lines to copy, for each command; `#` begins what the shell leaves out. */
export const examples: { readonly [command: string]: readonly string[] } = {
  run: [
    `sudo ${program} /etc/docker-lifecycle-listener.d`,
    `${program} ~/hooks --host unix://$XDG_RUNTIME_DIR/docker.sock`,
    `${program} /etc/docker-lifecycle-listener.d 47200 --log-format json`,
    `${program} ~/hooks --dry-run`,
  ],
  status: [
    `sudo ${program} status`,
    `sudo ${program} status --watch`,
    `sudo ${program} status --web`,
    `sudo ${program} status --json | jq -r '.engines[].state'`,
  ],
  history: [
    `sudo ${program} history --failed --since 2h`,
    `sudo ${program} history -f --hook 10-routes`,
    `sudo ${program} history show 42`,
    `sudo ${program} history --since 7d --html week.html`,
  ],
  hooks: [
    `sudo ${program} hooks`,
    `sudo ${program} hooks new 10-routes --event start`,
    `sudo ${program} hooks disable on_stop/20-backup`,
  ],
  trigger: [`sudo ${program} trigger start --hook 10-routes`],
  wait: [`${program} wait start --timeout 60s && docker ps`],
  events: [`sudo ${program} events --json | jq -c 'select(.kind == "transition")'`],
  config: [`${program} config check`, `sudo ${program} config check --config /etc/other.toml`],
  install: [
    `sudo ${program} install --dry-run`,
    `sudo ${program} install --yes --script-dir /etc/docker-lifecycle-listener.d`,
    `${program} install --user`,
  ],
  uninstall: [`sudo ${program} uninstall`, `sudo ${program} uninstall --purge --dry-run`],
  doctor: [`sudo ${program} doctor`],
  notifier: [
    `sudo ${program} notifier install`,
    `sudo ${program} notifier install --base alpine:3`,
    `sudo ${program} notifier status --json | jq -r .container.listener`,
  ],
  logs: [`sudo ${program} logs -f`, `sudo ${program} logs -n 200 | grep WARNING`],
  plugin: [`${program} plugin install && docker lifecycle status`],
  completion: [
    `source <(${program} completion bash)`,
    `${program} completion zsh > "\${fpath[1]}/_${program}"`,
    `${program} completion fish > ~/.config/fish/completions/${program}.fish`,
  ],
  demo: [`${program} demo`],
  help: [`${program} help history`, `${program} help --man | man -l -`],
};
