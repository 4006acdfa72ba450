// SPDX-License-Identifier: Apache-2.0

// The parts of libedit that usherctl uses: editline(3). Its calls take any number of arguments, which Swift cannot pass,
// so each that is needed has a wrapper here. No logic, no state.
#pragma once
#include <histedit.h>
#include <stdint.h>
#include <stdio.h>

// wchar.h has it behind _XOPEN_SOURCE only.
int wcwidth(wchar_t);

// wcwidth(3): the columns that a character takes, -1 for one that cannot be shown.
static inline int cedit_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

// The prompt is the client data: a string that outlives the next change of it.
static inline char *cedit_prompt(EditLine *editor) {
    char *prompt = NULL;
    el_get(editor, EL_CLIENTDATA, &prompt);
    return prompt;
}

// On the standard descriptors, with the keys of emacs(1), before what ~/.editrc of editrc(5) says.
static inline EditLine *cedit_open(const char *program, History *lines, char *prompt) {
    HistEvent event;
    EditLine *editor = el_init(program, stdin, stdout, stderr);
    if (!editor) return NULL;
    el_set(editor, EL_CLIENTDATA, prompt);
    el_set(editor, EL_PROMPT, cedit_prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 0);
    if (lines) {
        history(lines, &event, H_SETSIZE, 1000);
        history(lines, &event, H_SETUNIQUE, 1);
        el_set(editor, EL_HIST, history, lines);
    }
    return editor;
}

// EL_UNBUFFERED: from 0 to 1 it begins a new line, from 1 to 0 the terminal is as it was before.
static inline int cedit_set_unbuffered(EditLine *editor, int flag) { return el_set(editor, EL_UNBUFFERED, flag); }

// EL_REFRESH: shows the prompt and the line from where the cursor is.
static inline int cedit_refresh(EditLine *editor) { return el_set(editor, EL_REFRESH); }

// EL_PREP_TERM: 1 takes the terminal, 0 gives it back; the line stays.
static inline int cedit_take_terminal(EditLine *editor, int flag) { return el_set(editor, EL_PREP_TERM, flag); }

// H_ENTER: a line that can be called up again.
static inline int cedit_remember(History *lines, const char *line) {
    HistEvent event;
    return history(lines, &event, H_ENTER, line);
}
