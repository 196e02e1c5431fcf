/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CLinuxABI: the kernel's own headers, and the few calls that Swift cannot import (variadic, or hidden behind
 * feature macros). Declarations only; nothing here decides anything.
 *
 * The C library's headers come first: the kernel's linux/libc-compat.h then leaves out what they already
 * define.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <linux/capability.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

/* Macros with casts or arithmetic that the importer skips. */
enum {
    /* include/uapi/linux/netfilter/nfnetlink.h: NLMSG_MIN_TYPE and NLMSG_MIN_TYPE+1 */
    LINUXABI_NFNL_MSG_BATCH_BEGIN = 0x10,
    LINUXABI_NFNL_MSG_BATCH_END = 0x11,
    /* include/uapi/linux/socket.h: the level of NETLINK_* socket options */
    LINUXABI_SOL_NETLINK = 270,
    /* NFT_SET_CONCAT, NFT_SET_EXPR: newest set flags, absent from some supported headers */
    LINUXABI_NFT_SET_CONCAT = 0x80,
};

/* setns(2) into a network namespace, for the calling thread. 0, or -1 with errno. */
int linuxabi_enter_network_namespace(int descriptor);

/* unshare(2) with CLONE_NEWNET, for the calling thread. 0, or -1 with errno. */
int linuxabi_unshare_network_namespace(void);

/* mount(2) with MS_BIND; recursive when asked. 0, or -1 with errno. */
int linuxabi_bind_mount(const char *source, const char *target, int recursive);

/* mount(2) with MS_SHARED | MS_REC: makes the mount's events propagate. 0, or -1 with errno. */
int linuxabi_make_mount_shared(const char *target);

/* umount2(2) with MNT_DETACH. 0, or -1 with errno. */
int linuxabi_detach_mount(const char *target);

/* prctl(2) PR_SET_PDEATHSIG: the signal sent when the parent *thread* ends. 0, or -1 with errno. */
int linuxabi_set_parent_death_signal(int signal);

/* prctl(2) PR_SET_NO_NEW_PRIVS. 0, or -1 with errno. */
int linuxabi_set_no_new_privileges(void);

/* setgroups(2) to none, setresgid(2), setresuid(2), for every thread. 0, or -1 with errno. */
int linuxabi_drop_to(uid_t user, gid_t group);

/* prctl(2) PR_SET_NAME for the calling thread; the kernel keeps 15 bytes. */
void linuxabi_name_thread(const char *name);

/* eventfd(2), close-on-exec and non-blocking. The descriptor, or -1 with errno. */
int linuxabi_eventfd(void);

/* open(2) with O_CREAT | O_EXCL | O_CLOEXEC and mode 0: the mount point of a named namespace. */
int linuxabi_create_mount_point(const char *path);

/* open(2) with O_CLOEXEC and the given flags; never creates. */
int linuxabi_open(const char *path, int flags);

/* The text of an errno value, valid for ever; never NULL. */
const char *linuxabi_error_text(int code);
