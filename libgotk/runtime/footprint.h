/*
 * footprint.h: what a process that has started gives back to the system.
 */
#ifndef GOTK_RUNTIME_FOOTPRINT_H
#define GOTK_RUNTIME_FOOTPRINT_H

/* Unmaps the pages of programs and libraries that were read to start: symbol tables, relocations, code that runs once. What
 * is needed again is mapped again when it is touched. Returns how many bytes of mappings were let go of. Any thread. */
long footprint_forget_start(void);

#endif
