"""Near-duplicates of texts with datasketch. Reads one JSON string a line, prints {"seconds", "pairs"}: MinHash 128 of word
5-grams, LSH of 21 bands of 6 rows, every candidate verified by its Jaccard similarity. Its argument is how many processes
sketch; the index is one, as datasketch has it."""

import json
import sys
import time
from multiprocessing import Pool

from datasketch import MinHash, MinHashLSH


def sketched(text):
    words = text.lower().split()
    shingles = {" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))}
    sketch = MinHash(num_perm=128, seed=1)
    sketch.update_batch(list(shingles))
    return shingles, sketch


def main():
    processes = int(sys.argv[1])
    texts = [json.loads(line) for line in sys.stdin]
    start = time.perf_counter()
    pool = Pool(processes) if processes > 1 else None
    lsh = MinHashLSH(num_perm=128, params=(21, 6))
    sets = []
    pairs = 0
    for key, (shingles, sketch) in enumerate(pool.imap(sketched, texts, 256) if pool else map(sketched, texts)):
        for other in lsh.query(sketch):
            common = len(shingles & sets[other])
            if common / (len(shingles) + len(sets[other]) - common) >= 0.8:
                pairs += 1
        lsh.insert(key, sketch)
        sets.append(shingles)
    print(json.dumps({"seconds": time.perf_counter() - start, "pairs": pairs}))


if __name__ == "__main__":
    main()
