// SPDX-License-Identifier: Apache-2.0
//
// LinuxKernel: how Vibrissa talks to Linux. Netlink messages and sockets, network namespaces, links and
// routes, packet log events (NFLOG), connection tracking, sysctls, privileges and a probe of what this kernel
// can do.
//
// What must not live here: policies, rules, flows, logging, anything about Kubernetes. Whoever calls decides
// what to do; this target only says it to the kernel and decodes the answer. All bytes that arrive are
// treated as hostile: every length is checked, and what cannot be decoded is counted, never trusted and never
// fatal.
//
// Layers: KernelError, NetlinkMessage(Writer) and NetlinkAttributes < NetlinkSocket < LinkConfigurator,
// NFLogSocket, ConntrackSocket. NetworkNamespace and DedicatedThread stand beside them.
