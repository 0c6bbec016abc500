/*
 * fs.h: files that strangers may have named.
 *
 * Everything that opens a path below a folder goes through openat2(2), so that the kernel confines `..`, absolute
 * names and symbolic links, without the window a check in user space leaves open. Writes that others read are atomic:
 * temporary file, fsync, rename. Removing a tree never follows a link. Blocking calls, on worker threads and in job
 * children. Rejected: checking paths with realpath, and nftw, which works on paths instead of descriptors.
 */
#ifndef GOTK_BASE_FS_H
#define GOTK_BASE_FS_H

#include "libgotk/base/buf.h"
#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Closes a descriptor that is not negative at the end of its block: CLEANUP(cleanup_fd) int fd = -1; */
void cleanup_fd(int *fd);

/* arena_defer form: closes the descriptor that was stored with fs_defer_close. */
void fs_defer_close(struct arena *a, int fd);

/*
 * Joins `rel` to `root` as if root were "/": "..", absolute names and symbolic links are resolved inside it, names
 * that do not exist (yet) are kept as they are, as cyphar/filepath-securejoin does. The result is an absolute path in
 * cx's arena. Only as safe as nobody else writing below root at the same time: to open, prefer fs_open_beneath.
 */
int fs_join_secure(struct ctx *cx, const char *root, const char *rel, const char **ret_path) MUST_CHECK;

/*
 * Opens `rel` below the folder `rootfd`, with open(2)'s flags (O_CLOEXEC is added) and mode. Symbolic links and ".."
 * are resolved as if rootfd were "/"; device and /proc magic links are refused. Errors of errno; ERR_DENIED for an escape.
 */
int fs_open_beneath(struct ctx *cx, int rootfd, const char *rel, int flags, mode_t mode,
                    int *ret_fd) MUST_CHECK;

/* As fs_open_beneath, of an existing file; *ret_linked tells whether a symbolic link was on the way: without one the file lies
 * where its name says. */
int fs_open_known(struct ctx *cx, int rootfd, const char *rel, int flags, int *ret_fd,
                  bool *ret_linked) MUST_CHECK;

/* As fs_open_beneath, but any symbolic link on the way is ERR_DENIED. For writing what a stranger named. */
int fs_open_nolinks(struct ctx *cx, int rootfd, const char *rel, int flags, mode_t mode,
                    int *ret_fd) MUST_CHECK;

/* Opens a folder for use as a root; the caller closes it. */
int fs_open_dir(struct ctx *cx, const char *path, int *ret_fd) MUST_CHECK;

/*
 * Reads a whole file of at most `max` bytes into *out, which is made here (in cx's arena). ERR_LIMIT when it is larger,
 * ERR_INVALID when it is not a regular file (a FIFO would block); /proc and /sys files work.
 */
int fs_read_file(struct ctx *cx, const char *path, size_t max, struct buf *out) MUST_CHECK;

/* As fs_read_file for an open file; `name` is for messages. */
int fs_read_fd(struct ctx *cx, int fd, const char *name, size_t max, struct buf *out) MUST_CHECK;

/* As fs_read_file for `rel` below rootfd, opened as fs_open_beneath does. */
int fs_read_at(struct ctx *cx, int rootfd, const char *rel, size_t max, struct buf *out) MUST_CHECK;

/* Writes all bytes to a descriptor, however many writes it takes; `name` is for the message. */
int fs_write_all(struct ctx *cx, int fd, const void *data, size_t n, const char *name) MUST_CHECK;

/* Writes pieces one behind the other, as fs_write_all does one. */
int fs_write_pieces(struct ctx *cx, int fd, const struct strv *pieces, size_t count,
                    const char *name) MUST_CHECK;

/* Replaces the file at `path` in one step: readers see the old or the new content, also after a crash. */
int fs_write_atomic(struct ctx *cx, const char *path, const void *data, size_t n, mode_t mode) MUST_CHECK;

/*
 * A temporary file beside a future `path`, for content that is made piece by piece: open, write, then commit (fsync,
 * chmod, rename) or let the arena go, which removes it. The descriptor belongs to the temp file.
 */
struct fs_temp {
    int fd;
    const char *path;   /* of the temporary file; NULL once committed */
    const char *target; /* where it will go */
};
int fs_temp_open(struct ctx *cx, const char *path, struct fs_temp **ret) MUST_CHECK;
int fs_temp_commit(struct ctx *cx, struct fs_temp *temp, mode_t mode) MUST_CHECK;

/* Creates a folder and its missing parents (mkdir -p); one that exists is fine, a file in the way is not. */
int fs_mkdirs(struct ctx *cx, const char *path, mode_t mode) MUST_CHECK;

/* As fs_mkdirs below rootfd, never following a symbolic link. */
int fs_mkdirs_at(struct ctx *cx, int rootfd, const char *rel, mode_t mode) MUST_CHECK;

/* Removes a file or a whole tree by descriptors, never following a symbolic link; absence is fine. */
int fs_remove_tree(struct ctx *cx, const char *path) MUST_CHECK;

/* arena_defer form of fs_remove_tree: arena_defer(cx->arena, fs_remove_tree_deferred, path). Errors are dropped. */
void fs_remove_tree_deferred(void *path);

/* Creates a fresh private folder <TMPDIR or /tmp>/<prefix>-XXXXXX that is removed when cx's arena goes. */
int fs_tmpdir(struct ctx *cx, const char *prefix, const char **ret_path) MUST_CHECK;

/* True when something (a broken link too) is at `path`. */
bool fs_exists(const char *path);

/* True when `path` is a folder, or a link to one. */
bool fs_is_dir(const char *path);

/* One entry met by fs_walk. */
struct fs_entry {
    const char *path;        /* relative to the root, "." for the root itself */
    const char *name;        /* last component */
    const struct stat *stat; /* of the entry itself, links not followed */
    int dirfd; /* the folder that holds it, open during the call; AT_FDCWD for the root itself */
};

/* What a walk does after an entry; negative values are errors and end it. */
enum fs_walk_next {
    FS_WALK_ON = 0,   /* go on; a folder is entered */
    FS_WALK_SKIP = 1, /* do not enter this folder */
    FS_WALK_STOP = 2, /* end the walk with success */
};

/* Called for each entry, the root included; returns an fs_walk_next, or an error with cx's error set. */
typedef int (*fs_walk_fn)(struct ctx *cx, void *user, const struct fs_entry *entry);

/*
 * Walks a tree in the order of filepath.Walk: an entry before its children, names by byte value. Symbolic links are
 * entries, never followed. Folders nest at most 512 deep (ERR_LIMIT). Entry strings live during the call only.
 */
int fs_walk(struct ctx *cx, const char *root, fs_walk_fn fn, void *user) MUST_CHECK;

/* The names in a folder but "." and "..", sorted by byte value, in cx's arena. */
int fs_list(struct ctx *cx, const char *path, const char ***ret_names, size_t *ret_count) MUST_CHECK;

#endif
