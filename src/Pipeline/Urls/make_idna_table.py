"""Writes idna.txt, the tables behind HostName, from the package `idna` (UTS 46 mapping) and from Python's own Unicode data (NFC).

Run it after an update of either: python3 make_idna_table.py > idna.txt
"""
import sys
import unicodedata

from idna import uts46data


def ranges(values):
    """Runs of neighbours (first, last, value)."""
    runs = []
    for point, value in values:
        if runs and runs[-1][1] == point - 1 and runs[-1][2] == value:
            runs[-1][1] = point
        else:
            runs.append([point, point, value])
    return runs


def span(first, last):
    return f"{first:X}" if first == last else f"{first:X}-{last:X}"


def mappings():
    rows = uts46data.uts46data
    refused, moved, other = [], [], []
    for i, row in enumerate(rows):
        last = rows[i + 1][0] - 1 if i + 1 < len(rows) else sys.maxunicode
        if row[1] == "X":
            refused.append((row[0], last))
        elif row[1] in "MI":
            text = row[2] if row[1] == "M" else ""
            for point in range(row[0], last + 1):
                if len(text) == 1:
                    moved.append((point, ord(text) - point))
                else:
                    other.append((point, text))
    for first, last, _ in ranges((point, 0) for first, last in refused for point in range(first, last + 1)):
        print(f"! {span(first, last)}")
    for first, last, distance in ranges(moved):
        print(f"> {span(first, last)} {first + distance:X}")
    for point, text in other:
        print(" ".join(["=", f"{point:X}", *(f"{ord(c):X}" for c in text)]))


def normalization():
    points = [p for p in range(sys.maxunicode + 1) if not 0xAC00 <= p <= 0xD7A3 and not 0xD800 <= p <= 0xDFFF]
    for point in points:
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.normalize("NFC", chr(point)) == chr(point):
            print(f"+ {parts[0]} {parts[1]} {point:X}")
    classes = [(p, unicodedata.combining(chr(p))) for p in points]
    for first, last, value in ranges([c for c in classes if c[1]]):
        print(f"^ {span(first, last)} {value}")


print(f"# Made by make_idna_table.py. UTS 46 as in Unicode {uts46data.__version__}, NFC as in Unicode {unicodedata.unidata_version}. Code points in hex.")
print("# ! refused   > moved by the same distance   = written as this text, or left out   + composed   ^ canonical combining class")
mappings()
normalization()
