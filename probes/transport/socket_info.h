#pragma once

/* What the kernel knows of a TCP connection (tcp(7): TCP_INFO; netdevice(7): SIOCGIFMTU). */

struct socket_info {
    unsigned send_mss; /* bytes; 0 unknown, as all of these */
    unsigned receive_mss;
    unsigned path_mtu;
    unsigned interface_mtu; /* of the interface that has the connection's local address */
    unsigned retransmits;   /* over the connection's life */
};

void socket_info_read(int fd, struct socket_info *ret);
