# The body of a lab's zsh start-up file (.zshrc in a private ZDOTDIR). See bash.bash for the variables above it.

__labrunner_mark() { builtin printf '\e]133;%s;aid=%s\a' "$1" "$__labrunner_nonce" }

# --- keys that labrunner presses ---
__labrunner_clear() {
  BUFFER=
  __labrunner_mark K >$TTY
  zle .reset-prompt
}

__labrunner_run() {
  local directory keep text
  {
    IFS= builtin read -r -d '' __labrunner_cell
    IFS= builtin read -r -d '' directory
    IFS= builtin read -r -d '' __labrunner_capture
    IFS= builtin read -r -d '' keep
  } <"$__labrunner_dir/next"
  if [[ -n $keep ]]; then
    IFS= builtin read -r -d '' text <"$__labrunner_cell" || :
    builtin print -rs -- "${text%$'\n'}"
  fi
  if [[ -n $directory ]]; then
    __labrunner_back=$PWD
    __labrunner_back_old=${OLDPWD-}
    builtin cd -q -- "$directory"
    __labrunner_at=$PWD
  fi
  BUFFER=' builtin source "$__labrunner_cell"'
  if [[ -n $__labrunner_capture ]]; then
    BUFFER+=' >"$__labrunner_dir/stdout"'
  fi
  zle .accept-line
}

__labrunner_history() { [[ $1 != *__labrunner_cell* ]] }

# --- around each command ---
__labrunner_encode() {
  emulate -L zsh
  unsetopt multibyte
  local text=$1 character code
  __labrunner_encoded=
  for character in ${(s::)text}; do
    if [[ $character == [A-Za-z0-9/._~-] ]]; then
      __labrunner_encoded+=$character
    else
      builtin printf -v code '%%%02X' $(( #character ))
      __labrunner_encoded+=$code
    fi
  done
}

__labrunner_escape() {
  emulate -L zsh
  local line=${1[1,4096]}
  line=${line//\\/\\\\}
  line=${line//;/\\x3b}
  line=${line//$'\n'/\\x0a}
  __labrunner_command=${line//[[:cntrl:]]/?}
}

__labrunner_preexec() {
  __labrunner_command=
  [[ $1 == *__labrunner_cell* ]] || __labrunner_escape "$1"
  __labrunner_mark C
}

__labrunner_finish_capture() {
  local value= ready
  [[ -n ${__labrunner_capture-} ]] || return 0
  __labrunner_mark V
  if IFS= builtin read -r -t 10 ready <>"$__labrunner_dir/go"; then
    IFS= builtin read -r -d '' value <"$__labrunner_dir/value" || :
    builtin typeset -gx "$__labrunner_capture=$value"
  fi
  __labrunner_capture=
}

__labrunner_before() {
  local code=$?
  __labrunner_finish_capture
  if [[ -n ${__labrunner_back-} ]]; then
    if [[ $PWD == "$__labrunner_at" ]]; then
      builtin cd -q -- "$__labrunner_back"
      OLDPWD=$__labrunner_back_old
    fi
    __labrunner_back=
  fi
  __labrunner_encode "$PWD"
  __labrunner_mark "D;$code;cwd=$__labrunner_encoded;cmd=${__labrunner_command-}"
  __labrunner_command=
  builtin printf '\e]7;file://%s%s\a' "${HOST-}" "$__labrunner_encoded"
  return 0
}

__labrunner_after() {
  local aid="aid=$__labrunner_nonce"
  [[ ${PS1-} == *"$aid"* ]] || PS1=$'%{\e]133;A;%?;'$aid$'\a%}'${PS1-}$'%{\e]133;B;'$aid$'\a%}'
  [[ ${PS2-} == *"$aid"* ]] || PS2=$'%{\e]133;P;'$aid$'\a%}'${PS2-}
  builtin export -p >|"$__labrunner_dir/environment" 2>/dev/null
  return 0
}

# After the learner's file. Whatever state that left behind, the lab needs a shell that survives a failing command.
__labrunner_begin() {
  unsetopt err_exit err_return no_unset verbose xtrace 2>/dev/null
  unsetopt prompt_sp # an end-of-line sign and its padding would count as the command's output
  __labrunner_lab
  if [[ -n $__labrunner_restore && -r $__labrunner_restore ]]; then
    builtin source "$__labrunner_restore" 2>/dev/null
  fi
  builtin cd -q -- "$__labrunner_start" 2>/dev/null || builtin cd -q -- "$LABRUNNER_WORKSPACE"
  (( HISTSIZE >= 1000 )) || HISTSIZE=1000
  (( SAVEHIST >= 1000 )) || SAVEHIST=1000
  if [[ ${aliases[kubectl]-} == *--kubeconfig* || ${aliases[kubectl]-} == *--context* ]]; then
    builtin unalias kubectl # it would leave the lab's cluster
  fi
  local map
  zle -N __labrunner_clear
  zle -N __labrunner_run
  for map in emacs viins vicmd; do
    bindkey -M $map '\e[7777;1~' __labrunner_clear
    bindkey -M $map '\e[7777;2~' __labrunner_run
  done
  builtin typeset -ga precmd_functions preexec_functions zshaddhistory_functions
  precmd_functions=(__labrunner_before $precmd_functions __labrunner_after)
  preexec_functions+=(__labrunner_preexec)
  zshaddhistory_functions+=(__labrunner_history)
  __labrunner_after
  builtin typeset -g +x PS1 PS2
}

# Everything above is parsed before the learner's aliases exist.
if [[ -n $__labrunner_learner_zdotdir ]]; then
  ZDOTDIR=$__labrunner_learner_zdotdir
else
  unset ZDOTDIR
fi
if [[ -n $__labrunner_learner && -r ${ZDOTDIR:-$HOME}/.zshrc ]]; then
  builtin source "${ZDOTDIR:-$HOME}/.zshrc"
fi
\__labrunner_begin
