/* Sends REGISTER, INVITE and garbage in turn, at a fixed rate, from many addresses of the loopback: what they are answered is
   thrown away, and nothing of it ever comes back. A raw socket writes the source into each datagram, so it may also be
   that of a phone which knows nothing of it.
   flood ADDRESS PORT RATE SECONDS FIRST-SOURCE SOURCES SOURCE-PORT; prints how many were sent and how fast. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32 /* datagrams of one system call */
#define SPACE 1024
#define HEADERS (sizeof(struct iphdr) + sizeof(struct udphdr))

static const char *texts[] = {
    "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK########\r\nMax-Forwards: 70\r\n"
    "From: <sip:########@127.0.0.1>;tag=########\r\nTo: <sip:1000@127.0.0.1>\r\nCall-ID: ########@192.0.2.7\r\n"
    "CSeq: 1 REGISTER\r\nContact: <sip:1000@192.0.2.7>\r\nUser-Agent: Phone\r\nContent-Length: 0\r\n\r\n",
    "INVITE sip:0043########@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK########\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:1000@127.0.0.1>;tag=########\r\nTo: <sip:0043########@127.0.0.1>\r\n"
    "Call-ID: ########@192.0.2.7\r\nCSeq: 1 INVITE\r\nContact: <sip:1000@192.0.2.7>\r\nUser-Agent: Phone\r\n"
    "Content-Length: 0\r\n\r\n",
};

static unsigned long long state = 88172645463325252ULL;

static unsigned long long next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

/* Writes one message; eight signs `#` become eight digits that differ each time. */
static size_t write_payload(char *to, long n) {
  if (n % 3 == 2) {
    size_t length = 200 + next_random() % 400;
    for (size_t at = 0; at < length; at += 8) {
      unsigned long long word = next_random();
      memcpy(to + at, &word, 8);
    }
    return length;
  }
  const char *text = texts[n % 3];
  size_t length = strlen(text);
  memcpy(to, text, length + 1);
  char digits[9];
  for (char *mark = strchr(to, '#'); mark; mark = strchr(mark, '#')) {
    snprintf(digits, sizeof digits, "%08llu", next_random() % 100000000ULL);
    memcpy(mark, digits, 8);
  }
  return length;
}

int main(int count, char **words) {
  if (count != 8) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET};
  inet_pton(AF_INET, words[1], &to.sin_addr);
  int port = atoi(words[2]), source_port = atoi(words[7]);
  double rate = atof(words[3]), seconds = atof(words[4]);
  struct in_addr first;
  inet_pton(AF_INET, words[5], &first);
  long sources = atol(words[6]), sent = 0;
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (raw < 0) { perror("raw socket"); return 1; }
  /* Takes what strangers are answered, so that nobody is told that their port is closed. Phones have sockets of their own. */
  int sink = socket(AF_INET, SOCK_DGRAM, 0), little = 2048;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(source_port)};
  setsockopt(sink, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  bind(sink, (struct sockaddr *)&own, sizeof own);

  static char space[BATCH][SPACE];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    parts[i].iov_base = space[i];
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &to, .msg_namelen = sizeof to};
  }
  double begun = now();
  for (double at = begun; at - begun < seconds; at = now()) {
    long due = (at - begun) * rate - sent;
    if (due <= 0) {
      /* Asleep until the next one is due, but for the last stretch. */
      struct timespec rest = {0, 100000};
      nanosleep(&rest, NULL);
      continue;
    }
    int batch = due < BATCH ? due : BATCH;
    for (int i = 0; i < batch; i++) {
      long n = sent + i;
      size_t length = write_payload(space[i] + HEADERS, n);
      /* Neighbours in time are not neighbours in address, and each source sends all three kinds. */
      in_addr_t source = htonl(ntohl(first.s_addr) + (n + n / sources) % sources);
      struct iphdr *ip = (struct iphdr *)space[i];
      struct udphdr *udp = (struct udphdr *)(ip + 1);
      *ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons(HEADERS + length)};
      ip->saddr = source;
      ip->daddr = to.sin_addr.s_addr;
      *udp = (struct udphdr){.source = htons(source_port), .dest = htons(port), .len = htons(sizeof *udp + length)};
      parts[i].iov_len = HEADERS + length;
    }
    int done = sendmmsg(raw, messages, batch, 0);
    if (done < 0) { perror("send"); return 1; }
    sent += done;
  }
  printf("sent=%ld rate=%.0f\n", sent, sent / (now() - begun));
  return 0;
}
