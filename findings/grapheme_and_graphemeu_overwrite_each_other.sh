#!/usr/bin/env bash
# grapheme 0.6.0 and graphemeu 0.11.0, Python 3.11.
#
# Behaviour: both distributions install a top-level package `grapheme`, and pip writes the files of the one over those of the other without a
#   warning. Which rules count Hindi letters depends on the order: grapheme 0.6.0 (Unicode 13) breaks conjuncts, क्षि is two
#   clusters; graphemeu (Unicode 18) has one. `pip check` finds nothing, and uninstalling either leaves a package without functions,
#   while pip still lists the other.
# Wrong guess: two distributions have packages of two names, or pip refuses; a requirement on grapheme==0.6.0 gives its rules.
# Seen: "grapheme alone: 2", "with graphemeu: 1", "pip check: 0", "graphemeu uninstalled: no length()".
# Note: requirements reach these by way of other packages for text, where nobody chose between them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
python="$work/venv/bin/python"
pip() { "$python" -m pip --quiet --disable-pip-version-check "$@"; }
clusters() { "$python" -c 'import grapheme; print(grapheme.length("क्षि") if hasattr(grapheme, "length") else "no length()")'; }

pip install grapheme==0.6.0
alone=$(clusters)
pip install graphemeu==0.11.0
both=$(clusters)
status=0
pip check || status=$?
pip uninstall --yes graphemeu
after=$(clusters)
echo "grapheme alone: $alone"
echo "with graphemeu: $both"
echo "pip check: $status"
echo "graphemeu uninstalled: $after, still listed: $("$python" -m pip list --disable-pip-version-check --format=freeze | grep grapheme)"
[ "$alone $both $status $after" = "2 1 0 no length()" ]
