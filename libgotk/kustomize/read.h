/*
 * read.h: text to resources, as kustomize reads resource and patch files.
 *
 * Splits documents, drops empty ones, demands kind and name, unrolls lists. One build, one thread; trees live in
 * cx->arena.
 */
#ifndef GOTK_KUSTOMIZE_READ_H
#define GOTK_KUSTOMIZE_READ_H

#include "libgotk/kustomize/resource.h"

/* Reads all resources of a text, in which a key may be given twice: printing fails for that; `file` heads messages and is kept in them (NULL: the text stood in a kustomization).
 * ERR_INVALID; syntax errors read "MalformedYAMLError: yaml: line N: ... in File: <file>". */
int read_resources(struct ctx *cx, const char *text, size_t len, const char *file,
                   struct resources *ret) MUST_CHECK;

/* Fails for an object without a kind, or without a name unless it is a list: upstream looks when objects are read, and once
 * more at the end of the build. ERR_INVALID. */
int read_check_names(struct ctx *cx, const struct resource *r) MUST_CHECK;

/* True when the error in cx says that the text is no YAML at all. */
bool read_is_malformed(const struct ctx *cx);

#endif
