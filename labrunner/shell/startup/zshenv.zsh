# The body of a lab's .zshenv: the learner's own first, which may move their start-up files elsewhere.
if [[ -n $__labrunner_learner ]]; then
  if [[ -n $__labrunner_learner_zdotdir ]]; then
    ZDOTDIR=$__labrunner_learner_zdotdir
  else
    unset ZDOTDIR
  fi
  if [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]]; then
    builtin source "${ZDOTDIR:-$HOME}/.zshenv"
  fi
  __labrunner_learner_zdotdir=${ZDOTDIR-}
fi
ZDOTDIR=$__labrunner_dir
