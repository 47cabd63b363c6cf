#!/usr/bin/env python3
"""Times the report of a large archive: python3 benches/report.py RESULTS MANIFEST ROWS COMMAND [FOLDER [OPTIONS]]

RESULTS are those of `score_archive --out …csv` of MANIFEST, a simulated archive. Its rows are repeated under
new names, customers and dates until there are ROWS of them, then COMMAND (target/release/examples/report) is
run on them. Printed: rows, bytes, seconds of the clock and of the processor, peak memory, size of the page.
"""

import csv
import datetime
import os
import resource
import subprocess
import sys
import tempfile
import time


def main():
    results, manifest, rows, command = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    folder = sys.argv[5] if len(sys.argv) > 5 else tempfile.mkdtemp()
    big, big_manifest = os.path.join(folder, "big.csv"), os.path.join(folder, "big_manifest.csv")
    with open(results, newline="") as f, open(manifest, newline="") as m:
        result_rows, manifest_rows = csv.reader(f), csv.reader(m)
        head, names = next(result_rows), next(manifest_rows)
        all_results, all_manifest = list(result_rows), list(manifest_rows)
    assert len(all_results) == len(all_manifest), "the results are not of the manifest"
    at, of = {name: i for i, name in enumerate(head)}, {name: i for i, name in enumerate(names)}
    days = len({row[of["call_start"]][:10] for row in all_manifest})
    done = 0
    with open(big, "w", newline="") as f, open(big_manifest, "w", newline="") as m:
        write, write_manifest = csv.writer(f), csv.writer(m)
        write.writerow(head)
        write_manifest.writerow(names)
        for copy in range(-(-rows // len(all_results))):
            # Ten copies fall on the same days, the next ten after them.
            later = datetime.timedelta(days=days * (copy // 10))
            for row, told in zip(all_results, all_manifest):
                if done == rows:
                    break
                done += 1
                row, told = list(row), list(told)
                row[at["call_id"]] = told[of["call_id"]] = f"call-{done:07}"
                # The header is line 1.
                row[at["line"]] = str(done + 1)
                told[of["customer_id"]] += f"-{copy}"
                told[of["transcript"]] = told[of["audio"]] = told[of["agent_channel"]] = ""
                start = datetime.datetime.fromisoformat(told[of["call_start"]])
                told[of["call_start"]] = (start + later).isoformat()
                write.writerow(row)
                write_manifest.writerow(told)
    page = os.path.join(folder, "report.html")
    begun = time.time()
    code = subprocess.run([command, big, "--manifest", big_manifest, "--out", page, *sys.argv[6:]]).returncode
    took = time.time() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"rows {done}, results {os.path.getsize(big) / 1e6:.0f} MB, exit code {code}, {took:.1f} s, "
        f"processor {used.ru_utime + used.ru_stime:.1f} s, peak {used.ru_maxrss / 1024:.0f} MB, "
        f"page {os.path.getsize(page) / 1e3:.0f} kB"
    )
    sys.exit(code)


main()
