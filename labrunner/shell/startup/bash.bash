# The body of a lab's bash start-up file. labrunner writes variables above it (see startup/__init__.py):
#   __labrunner_nonce       the secret of this session's marks
#   __labrunner_dir         the session's private directory
#   __labrunner_learner     1 to read the learner's own rc file first, or empty
#   __labrunner_restore     a file of exports from the shell before this one, or empty
#   __labrunner_start       the directory to start in
# and the function __labrunner_lab, which exports the lab's variables and puts its directories first on PATH.

__labrunner_mark() { builtin printf '\e]133;%s;aid=%s\a' "$1" "$__labrunner_nonce"; }

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  __labrunner_mark "U;$BASH_VERSION"
  exit 1
fi

# --- keys that labrunner presses: empty the line; run the waiting cell ---
__labrunner_clear() {
  READLINE_LINE=
  READLINE_POINT=0
  __labrunner_mark K
}

# The cell is evaluated, not sourced: bash 5.2 damages its heap on some syntax errors in a sourced file. It is the second
# half of a list: only then does Ctrl-C end the whole cell and not just one of its commands.
__labrunner_run() {
  local cell directory keep
  {
    IFS= builtin read -r -d '' cell
    IFS= builtin read -r -d '' directory
    IFS= builtin read -r -d '' __labrunner_capture
    IFS= builtin read -r -d '' keep
  } <"$__labrunner_dir/next"
  IFS= builtin read -r -d '' __labrunner_cell <"$cell" || :
  if [[ -n $keep ]]; then
    builtin history -s -- "${__labrunner_cell%$'\n'}"
  fi
  if [[ -n $directory ]]; then
    __labrunner_back=$PWD
    __labrunner_back_old=${OLDPWD-}
    builtin cd -- "$directory" || :
    __labrunner_at=$PWD
  fi
  READLINE_LINE=' \builtin : && \builtin eval "$__labrunner_cell"'
  if [[ -n $__labrunner_capture ]]; then
    READLINE_LINE+=' >"$__labrunner_dir/stdout"'
  fi
  READLINE_POINT=${#READLINE_LINE}
}

__labrunner_bind() {
  local map
  for map in emacs-standard vi-insert vi-command; do
    builtin bind -m "$map" -x '"\e[7777;1~": __labrunner_clear'
    builtin bind -m "$map" -x '"\e[7777;2~": __labrunner_run'
  done
}
# --- before each prompt ---
__labrunner_encode() {
  local LC_ALL=C text=$1 encoded= character index
  if [[ $text != *[!A-Za-z0-9/._~-]* ]]; then
    __labrunner_encoded=$text
    return 0
  fi
  for ((index = 0; index < ${#text}; index++)); do
    character=${text:index:1}
    if [[ $character == [A-Za-z0-9/._~-] ]]; then
      encoded+=$character
    else
      builtin printf -v character '%%%02X' "$((($(builtin printf '%d' "'$character") + 256) % 256))"
      encoded+=$character
    fi
  done
  __labrunner_encoded=$encoded
}

# The text of the command that ended, if it went into the history: a new number, or none.
__labrunner_last_command() {
  local line= number
  __labrunner_command=
  HISTTIMEFORMAT= builtin history 1 >|"$__labrunner_dir/last" 2>/dev/null || return 0
  IFS= builtin read -r -d '' line <"$__labrunner_dir/last" || :
  line=${line#"${line%%[![:space:]]*}"}
  number=${line%%[!0-9]*}
  if [[ -z $number || $number == "${__labrunner_number-}" ]]; then
    return 0
  fi
  __labrunner_number=$number
  line=${line#"$number"}
  line=${line:2:4096}
  line=${line%$'\n'}
  line=${line//\\/\\\\}
  line=${line//;/\\x3b}
  line=${line//$'\n'/\\x0a}
  __labrunner_command=${line//[[:cntrl:]]/?}
}

__labrunner_finish_capture() {
  local value= ready
  [[ -n ${__labrunner_capture-} ]] || return 0
  __labrunner_mark V
  if IFS= builtin read -r -t 10 ready <>"$__labrunner_dir/go"; then
    IFS= builtin read -r -d '' value <"$__labrunner_dir/value" || :
    builtin printf -v "$__labrunner_capture" '%s' "$value" && builtin export "${__labrunner_capture?}"
  fi
  __labrunner_capture=
}

__labrunner_before() {
  local status=$?
  __labrunner_cell=
  __labrunner_finish_capture
  if [[ -n ${__labrunner_back-} ]]; then
    if [[ $PWD == "$__labrunner_at" ]]; then
      builtin cd -- "$__labrunner_back" || :
      OLDPWD=$__labrunner_back_old
    fi
    __labrunner_back=
  fi
  __labrunner_last_command
  __labrunner_encode "$PWD"
  __labrunner_mark "D;$status;cwd=$__labrunner_encoded;cmd=$__labrunner_command"
  builtin printf '\e]7;file://%s%s\a' "${HOSTNAME-}" "$__labrunner_encoded"
  if [[ $- == *e* ]]; then
    return 0 # under `set -e` a hook that fails would end the shell
  fi
  return "$status"
}

__labrunner_after() {
  local status=$? aid="aid=$__labrunner_nonce"
  [[ ${PS1-} == *"$aid"* ]] || PS1='\[\e]133;A;$?;'"$aid"'\a\]'${PS1-}'\[\e]133;B;'"$aid"'\a\]'
  [[ ${PS2-} == *"$aid"* ]] || PS2='\[\e]133;P;'"$aid"'\a\]'${PS2-}
  [[ ${PS0-} == *"$aid"* ]] || PS0=${PS0-}'\e]133;C;'"$aid"'\a'
  [[ ${HISTIGNORE-} == *__labrunner* ]] || HISTIGNORE=${HISTIGNORE:+$HISTIGNORE:}'*__labrunner_cell*'
  builtin export -p >|"$__labrunner_dir/environment" 2>/dev/null || :
  if [[ $- == *e* ]]; then
    return 0
  fi
  return "$status"
}

# A child shell has none of these functions, so nothing that names them may be exported.
__labrunner_install() {
  local -a theirs=()
  local command
  for command in "${PROMPT_COMMAND[@]}"; do
    [[ -z $command ]] || theirs+=("$command")
  done
  builtin unset PROMPT_COMMAND
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
    PROMPT_COMMAND=(__labrunner_before "${theirs[@]}" __labrunner_after)
  else
    builtin printf -v command '%s\n' __labrunner_before "${theirs[@]}" __labrunner_after
    PROMPT_COMMAND=$command
  fi
  __labrunner_after
  builtin export -n PROMPT_COMMAND PS0 PS1 PS2 HISTIGNORE
}

# After the learner's file.
__labrunner_begin() {
  builtin cd -- "$__labrunner_start" 2>/dev/null || builtin cd -- "$LABRUNNER_WORKSPACE"
  builtin unset OLDPWD
  if [[ ${BASH_ALIASES[kubectl]-} == *--kubeconfig* || ${BASH_ALIASES[kubectl]-} == *--context* ]]; then
    builtin unalias kubectl # it would leave the lab's cluster
  fi
  __labrunner_bind 2>/dev/null
  __labrunner_install
}

# Everything above is parsed before the learner's aliases exist.
if [[ -n $__labrunner_learner && -r ~/.bashrc ]]; then
  builtin source ~/.bashrc
fi
# Whatever state that file left behind, the lab needs a shell that survives a failing command.
\builtin set +euvx +o posix
\__labrunner_lab
if [[ -n $__labrunner_restore ]]; then
  \builtin source "$__labrunner_restore" 2>/dev/null # not in a function: its declarations would be local
fi
\__labrunner_begin
