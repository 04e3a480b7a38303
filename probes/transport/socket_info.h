/* SPDX-License-Identifier: MIT */
#pragma once

/* Figures the kernel keeps about a TCP connection (tcp(7): TCP_INFO; netdevice(7): SIOCGIFMTU). */

struct socket_info {
    unsigned send_mss; /* bytes; 0 in each member: unknown */
    unsigned receive_mss;
    unsigned path_mtu;
    unsigned interface_mtu; /* MTU of the interface with the connection's local address */
    unsigned retransmits;   /* over the connection's life */
};

void socket_info_read(int fd, struct socket_info *ret);
