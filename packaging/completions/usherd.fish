# SPDX-License-Identifier: Apache-2.0
# Completion of usherd(8) for fish: its options, configuration files and users.

complete -c usherd -f
complete -c usherd -s c -l config -r -k -a '(__fish_complete_suffix .toml)' -d 'The configuration'
complete -c usherd -s t -l check -d 'Check the configuration and the host, then exit'
complete -c usherd -l user -x -a '(__fish_complete_users)' -d 'With --check, check the permissions of this user'
complete -c usherd -l strict -d 'With --check, exit with 69 if there is a note'
complete -c usherd -l no-host -d 'With --check, do not check the host'
complete -c usherd -s V -l version -d 'Print the version'
complete -c usherd -s h -l help -d 'Print a summary of the options'
