/*
 * restcache.h: the life of the discovery cache behind rest.h, for client.c only.
 */
#ifndef GOTK_KUBE_RESTCACHE_H
#define GOTK_KUBE_RESTCACHE_H

struct rest;

/* An empty cache; the caller owns it (restcache_close). */
struct rest *restcache_open(void);
void restcache_close(struct rest *r);

#endif
