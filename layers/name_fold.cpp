#include "layers/name_fold.h"

#include "lib/text.h"

#include <algorithm>
#include <array>
#include <bit>

namespace mlpack {
namespace {

// Unicode 15, Latin-1 and Latin Extended-A: letters that are a base letter and a mark. The i-th of
// `letters` is the i-th of `bases` with `mark`.
struct Accent {
  char32_t mark;
  std::string_view bases;
  std::u32string_view letters;
};
constexpr std::array accents{
    Accent{0x300, "aeiou", U"\u00e0\u00e8\u00ec\u00f2\u00f9"},
    Accent{0x301,
           "aeiouyclnrsz",
           U"\u00e1\u00e9\u00ed\u00f3\u00fa\u00fd\u0107\u013a\u0144\u0155\u015b\u017a"},
    Accent{0x302,
           "aeioucghjswy",
           U"\u00e2\u00ea\u00ee\u00f4\u00fb\u0109\u011d\u0125\u0135\u015d\u0175\u0177"},
    Accent{0x303, "anoiu", U"\u00e3\u00f1\u00f5\u0129\u0169"},
    Accent{0x304, "aeiou", U"\u0101\u0113\u012b\u014d\u016b"},
    Accent{0x306, "aegiou", U"\u0103\u0115\u011f\u012d\u014f\u016d"},
    Accent{0x307, "cegz", U"\u010b\u0117\u0121\u017c"},
    Accent{0x308, "aeiouy", U"\u00e4\u00eb\u00ef\u00f6\u00fc\u00ff"},
    Accent{0x30a, "au", U"\u00e5\u016f"},
    Accent{0x30b, "ou", U"\u0151\u0171"},
    Accent{0x30c, "cdelnrstz", U"\u010d\u010f\u011b\u013e\u0148\u0159\u0161\u0165\u017e"},
    Accent{0x327, "cgklnrst", U"\u00e7\u0123\u0137\u013c\u0146\u0157\u015f\u0163"},
    Accent{0x328, "aeiu", U"\u0105\u0119\u012f\u0173"},
};

bool between(char32_t letter, char32_t first, char32_t last) {
  return first <= letter && letter <= last;
}

char32_t lower(char32_t letter) {
  const bool even = letter % 2 == 0;
  if (between(letter, 'A', 'Z')) return letter + 32;
  if (between(letter, 0xC0, 0xDE) && letter != 0xD7) return letter + 32;
  if (even && between(letter, 0x100, 0x136) && letter != 0x130) return letter + 1;
  if (!even && between(letter, 0x139, 0x147)) return letter + 1;
  if (even && between(letter, 0x14A, 0x176)) return letter + 1;
  if (letter == 0x178) return 0xFF;
  if (!even && between(letter, 0x179, 0x17D)) return letter + 1;
  if (between(letter, 0x391, 0x3A9) && letter != 0x3A2) return letter + 32;
  if (between(letter, 0x400, 0x40F)) return letter + 80;
  if (between(letter, 0x410, 0x42F)) return letter + 32;
  return letter;
}

// `text` is UTF-8 and not empty; takes its first letter away.
char32_t take_letter(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const auto length = static_cast<std::size_t>(lead < 0x80 ? 1 : std::countl_one(lead));
  char32_t letter = lead < 0x80 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    letter = letter << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(length);
  return letter;
}

void append(std::string& text, char32_t letter) {
  const auto tail = [&](int shift) {
    return static_cast<char>(0x80U | ((letter >> shift) & 0x3FU));
  };
  if (letter < 0x80) {
    text += static_cast<char>(letter);
  } else if (letter < 0x800) {
    text += {static_cast<char>(0xC0U | letter >> 6), tail(0)};
  } else if (letter < 0x10000) {
    text += {static_cast<char>(0xE0U | letter >> 12), tail(6), tail(0)};
  } else {
    text += {static_cast<char>(0xF0U | letter >> 18), tail(12), tail(6), tail(0)};
  }
}

void append_apart(std::string& text, char32_t letter) {
  for (const Accent& accent : accents) {
    const std::size_t found = accent.letters.find(letter);
    if (found != std::u32string_view::npos) {
      text += accent.bases[found];
      append(text, accent.mark);
      return;
    }
  }
  append(text, letter);
}

}  // namespace

std::string fold_name(std::string_view name) {
  const bool ascii = std::all_of(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii || !is_utf8(name)) return to_lower(name);
  std::string folded;
  while (!name.empty()) {
    append_apart(folded, lower(take_letter(name)));
  }
  return folded;
}

}  // namespace mlpack
