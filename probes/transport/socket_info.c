/* SPDX-License-Identifier: MIT */
#include "probes/transport/socket_info.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static bool same_address(const struct sockaddr *a, const struct sockaddr_storage *b)
{
    if (!a || a->sa_family != b->ss_family)
        return false;
    if (a->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)a)->sin_addr,
                      &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr)) == 0;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

static unsigned interface_mtu(int fd)
{
    struct sockaddr_storage local = {0};
    socklen_t length = sizeof(local);
    struct ifaddrs *list;
    struct ifreq request = {0};

    if (getsockname(fd, (struct sockaddr *)&local, &length) < 0 || getifaddrs(&list) < 0)
        return 0;
    for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
        if (!same_address(entry->ifa_addr, &local))
            continue;
        strncpy(request.ifr_name, entry->ifa_name, IFNAMSIZ - 1);
        break;
    }
    freeifaddrs(list);
    if (!request.ifr_name[0] || ioctl(fd, SIOCGIFMTU, &request) < 0 || request.ifr_mtu < 0)
        return 0;
    return (unsigned)request.ifr_mtu;
}

void socket_info_read(int fd, struct socket_info *ret)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);

    *ret = (struct socket_info){.interface_mtu = interface_mtu(fd)};
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
        return;
    ret->send_mss = info.tcpi_snd_mss;
    ret->receive_mss = info.tcpi_rcv_mss;
    ret->path_mtu = info.tcpi_pmtu;
    ret->retransmits = info.tcpi_total_retrans;
}
