const program = 'docker-lifecycle-listener';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The script with which a shell completes the command: it asks the program for each word. */
export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell];
}

/** The place below a prefix from which each shell loads its script. */
export const completionPlaces: { readonly [shell in Shell]: string } = {
  bash: `share/bash-completion/completions/${program}`,
  zsh: `share/zsh/site-functions/_${program}`,
  fish: `share/fish/vendor_completions.d/${program}.fish`,
};

// For bash 3.2 too, which is macOS's: no mapfile, no compopt, no negative index. The words are taken from the line
// rather than from COMP_WORDS, which is split at colons and equals signs as well.
const bash = `# bash completion for ${program}; made by: ${program} completion bash
_docker_lifecycle_listener() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() reply candidate directive begun value cut
  read -r -a words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  begun=\${words[\${#words[@]} - 1]}
  reply=$("\${words[0]/#\\~/$HOME}" __completeNoDesc "\${words[@]:1}" 2>/dev/null) || return
  directive=\${reply##*:}
  value=$begun
  case $directive in
    0 | 16)
      case $begun in --*=*) value=\${begun#*=} ;; esac
      reply=$(if [ "$directive" = 16 ]; then compgen -d -- "$value"; else compgen -f -- "$value"; fi)
      type compopt >/dev/null 2>&1 && compopt -o filenames
      ;;
    *) reply=\${reply%:*} ;;
  esac
  # What readline has before its last colon or equals sign, it keeps.
  cut=\${value%"\${value##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    [ -n "$candidate" ] && COMPREPLY+=("\${candidate#"$cut"}")
  done <<<"$reply"
}
complete -F _docker_lifecycle_listener ${program}
`;

const zsh = `#compdef ${program}
# zsh completion for ${program}; made by: ${program} completion zsh
_${program}() {
  local -a reply described
  local line value directive ret=1
  reply=("\${(@f)$("\${(Q)words[1]}" __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  directive=\${reply[-1]#:}
  reply[-1]=()
  for line in $reply; do
    value=\${line%%$'\\t'*}
    described+=("\${value//:/\\\\:}\${\${line#$value}/$'\\t'/:}")
  done
  (( $#described )) && _describe -V ${program} described && ret=0
  case $directive in
    0|16)
      compset -P '--*='
      if (( directive == 16 )); then _files -/ && ret=0; else _files && ret=0; fi
      ;;
  esac
  return ret
}
if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;

const fish = `# fish completion for ${program}; made by: ${program} completion fish
function __docker_lifecycle_listener_complete
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    set -l reply ($words[1] __complete $words[2..-1] "$begun" 2>/dev/null)
    set -q reply[1]; or return
    set -l directive $reply[-1]
    set -e reply[-1]
    set -q reply[1]; and printf '%s\\n' $reply
    switch $directive
        case :0
            __fish_complete_path (string replace -r -- '^--[^=]*=' '' $begun)
        case :16
            __fish_complete_directories (string replace -r -- '^--[^=]*=' '' $begun)
    end
end
complete -c ${program} -f -a '(__docker_lifecycle_listener_complete)'
`;
