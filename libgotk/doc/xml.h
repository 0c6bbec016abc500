/*
 * xml.h: XML as services of clouds answer with it, as documents.
 *
 * An element with text alone is a string; one with elements is an object of them by name, a name that comes more than once
 * an array; an empty one is "". Attributes and name space prefixes are left out. Enough for answers of AWS's token
 * service, S3 and Azure Blob; strict about all that is no XML. No document types, hence no entities of strangers, and
 * nothing is ever fetched. Rejected: libxml2, thirty times the size and with all of that in it.
 */
#ifndef GOTK_DOC_XML_H
#define GOTK_DOC_XML_H

#include "libgotk/doc/doc.h"

/* Parses one document into {"<root>": ...}. `name` heads the messages: "name:line: ...". ERR_INVALID for what is no
 * well-formed XML in UTF-8 or has a document type, ERR_LIMIT for elements nested deeper than 64. */
int xml_parse(struct ctx *cx, const char *text, size_t len, const char *name,
              struct doc **ret_doc) MUST_CHECK;

#endif
