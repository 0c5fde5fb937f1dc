// SPDX-License-Identifier: GPL-3.0-or-later
// Writes text for gzip and sha256sum: words of a small vocabulary with numbers between them, which gzip -9 makes about a
// third of.
#include <stdio.h>
#include <string.h>
#include "workload.h"

void write_text(long mebibytes) {
  static char words[512][12], block[1 << 20];
  uint64_t random = 1234567;
  for (int i = 0; i < 512; i++) {
    int length = 2 + (int)(next_random(&random) >> 61);
    for (int j = 0; j < length; j++) {
      words[i][j] = (char)('a' + next_random(&random) % 26);
    }
    words[i][length] = ' ';
  }
  for (long written = 0; written < mebibytes; written++) {
    size_t used = 0;
    while (used < sizeof block - 32) {
      uint64_t draw = next_random(&random);
      if ((draw & 15) == 0) {
        used += (size_t)sprintf(block + used, "%u\n", (unsigned)(draw >> 40));
      } else {
        // The product of two draws: some words are much more frequent than others.
        const char *word = words[(draw >> 8 & 511) * (draw >> 20 & 511) >> 9];
        size_t length = strlen(word);
        memcpy(block + used, word, length);
        used += length;
      }
    }
    memset(block + used, '\n', sizeof block - used);
    if (fwrite(block, sizeof block, 1, stdout) != 1) {
      fail("text");
    }
  }
}
