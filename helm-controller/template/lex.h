/*
 * lex.h: a template's text as tokens, as Go's text/template reads it.
 *
 * Private to the parser. A lexer borrows the text. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_LEX_H
#define GOTK_HELM_TEMPLATE_LEX_H

#include "libgotk/base/arena.h"
#include "libgotk/base/str.h"

#include <stdint.h>

/* Keywords stand behind TOKEN_KEYWORD: they print as <if>. */
enum token_kind {
    TOKEN_ERROR,
    TOKEN_BOOL,
    TOKEN_CHAR, /* a printable ASCII character that is nothing else, such as a comma */
    TOKEN_RUNE, /* 'x' */
    TOKEN_COMPLEX,
    TOKEN_ASSIGN,
    TOKEN_DECLARE,
    TOKEN_EOF,
    TOKEN_FIELD,
    TOKEN_IDENTIFIER,
    TOKEN_LEFT_DELIM,
    TOKEN_LEFT_PAREN,
    TOKEN_NUMBER,
    TOKEN_PIPE,
    TOKEN_RAW_STRING,
    TOKEN_RIGHT_DELIM,
    TOKEN_RIGHT_PAREN,
    TOKEN_SPACE,
    TOKEN_STRING,
    TOKEN_TEXT,
    TOKEN_VARIABLE,
    TOKEN_KEYWORD,
    TOKEN_BLOCK,
    TOKEN_BREAK,
    TOKEN_CONTINUE,
    TOKEN_DOT,
    TOKEN_DEFINE,
    TOKEN_ELSE,
    TOKEN_END,
    TOKEN_IF,
    TOKEN_NIL,
    TOKEN_RANGE,
    TOKEN_TEMPLATE,
    TOKEN_WITH,
};

struct token {
    enum token_kind kind;
    uint32_t pos;      /* bytes from the start of the text */
    uint32_t line;     /* from 1 */
    struct strv value; /* as written; of TOKEN_ERROR the message */
};

struct lexer {
    struct arena *arena; /* for messages */
    const char *text;
    size_t len;
    size_t pos;
    size_t start; /* of the token being read */
    uint32_t line;
    uint32_t start_line;
    int paren_depth;
    bool in_action;
    bool at_end; /* the last character asked for was beyond the text */
    bool failed;
};

/* Starts at the beginning of `len` bytes of text. */
struct lexer lex_new(struct arena *a, const char *text, size_t len);
/* The next token; comments are left out. After TOKEN_ERROR or TOKEN_EOF only TOKEN_EOF follows. */
struct token lex_next(struct lexer *l);
/* A token for messages: quoted, shortened, or <keyword>. */
const char *token_text(struct arena *a, const struct token *t);

#endif
