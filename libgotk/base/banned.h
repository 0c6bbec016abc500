/*
 * banned.h: functions that do not compile in this tree, included before every source file (-include).
 *
 * Each has a safer house form: str_fmt for sprintf and strdup, gotime_* for gmtime, cx deadlines for alarm, job_run for
 * system. malloc and free are not poisoned (system headers name them); tests/lint/banned.txt keeps them inside
 * base/mem.c. Rejected: a comment in a style guide, which nobody compiles.
 */
#ifndef GOTK_BASE_BANNED_H
#define GOTK_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#pragma GCC poison strtok strtok_r gmtime localtime ctime asctime system popen tmpnam mktemp

#endif
