"""Names that others chose for their files steer no terminal, and devices are told apart."""

import io
import re
import tarfile

from check_images import TOKEN
from harness import Case
from image_tree import Image

EVIL = "app/\x1b[2Ja\x07\nb\udcff\x9bc\u202egpj.\u2066x"
SHOWN = "app/\\x1b[2Ja\\x07\\x0ab\\xff\\x9bc\\u202egpj.\\u2066x"


def tar_with(*entries):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, content, link in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname, entry.mode = kind, len(content), link, 0o644
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


class ForeignNames(Case):
    def layout(self, name, *entries):
        image = Image(Cmd=["/" + EVIL.replace("\udcff", "")], Labels={EVIL.replace("\udcff", ""): EVIL.replace("\udcff", "")})
        image.layers = [tar_with(*entries)]
        return "oci:" + image.write(self.path(name))

    def harmless(self, text):
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffd\u2028-\u202e\u2066-\u2069]", text), repr(text))

    def test_devices_are_told_apart(self):
        image = self.layout("devices", ("dev/null", tarfile.CHRTYPE, b"", ""), ("dev/sda", tarfile.BLKTYPE, b"", ""),
                            ("run/pipe", tarfile.FIFOTYPE, b"", ""))
        lines = self.mlpack("inspect", "--files", image).out.splitlines()
        self.assertEqual([(line.split()[1], line.split()[-1]) for line in lines],
                         [("crw-r--r--", "dev/null"), ("brw-r--r--", "dev/sda"), ("prw-r--r--", "run/pipe")])
        files = self.mlpack("inspect", "--files", "--json", image).json()["layers"][0]["files"]
        self.assertEqual([file["kind"] for file in files], ["c", "b", "p"])

    def test_names_steer_no_terminal(self):
        content = b"HF_TOKEN=%s\n" % TOKEN.encode()
        image = self.layout("evil", (EVIL + "/.env", tarfile.REGTYPE, content, ""), ("link", tarfile.SYMTYPE, b"", EVIL))
        plain = self.layout("plain", ("app/x", tarfile.REGTYPE, b"", ""))
        for argv in (["inspect", image], ["inspect", "--files", image], ["diff", plain, image], ["diff", image, plain],
                     ["check", image], ["doctor", image]):
            with self.subTest(argv[:2]):
                result = self.mlpack(*argv, code=None)
                self.assertIn(result.code, (0, 9, 11), str(result))
                self.harmless(result.out)
                self.harmless(result.err)
        for argv in (["inspect", "--files", image], ["diff", plain, image], ["check", image]):
            self.assertIn(SHOWN, self.mlpack(*argv, code=None).out)
