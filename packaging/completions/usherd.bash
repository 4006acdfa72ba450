# SPDX-License-Identifier: Apache-2.0
# Completion of usherd(8) for bash: its options, configuration files and users.

_usherd() {
    local path cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    # bash cuts `--config=FILE` into three words.
    if [[ $cur == "=" ]]; then
        cur=
    elif [[ $prev == "=" ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $prev in
    -c | --config)
        compopt -o filenames 2>/dev/null
        while IFS= read -r path; do
            [[ -d $path || $path == *.toml ]] && COMPREPLY+=("$path")
        done < <(compgen -f -- "$cur")
        return
        ;;
    --user)
        while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -u -- "$cur")
        return
        ;;
    esac
    local words="-c --config -t --check --user --strict --no-host -V --version -h --help"
    while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -W "$words" -- "$cur")
}

complete -F _usherd usherd
