#include "lib/store/memo.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <mutex>

namespace mlpack {
namespace {

constexpr int memo_version = 2;
constexpr int busy_timeout_ms = 10'000;

// A rollback journal: unlike a write-ahead log it needs no shared memory, so the store may lie on a
// network file system. SQLite rolls back what a killed process left. Nothing is synced: after a
// power cut a row may be torn, which its sum shows, and the rest is only speed.
constexpr const char* settings = "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF";
// With row ids: a search in the index of a table without them reads whole texts on its way.
constexpr const char* schema =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS entry (kind TEXT NOT NULL, key BLOB NOT NULL, sum BLOB NOT NULL,"
    " text BLOB NOT NULL, PRIMARY KEY (kind, key));"
    "PRAGMA user_version = 2;"
    "COMMIT";
constexpr const char* select = "SELECT sum, text FROM entry WHERE kind = ? AND key = ?";
constexpr const char* insert =
    "INSERT OR REPLACE INTO entry (kind, key, sum, text) VALUES (?,?,?,?)";

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

// Binding copies nothing: what is bound outlives the one step that each statement makes.
void bind_blob(const Statement& statement, int index, std::string_view bytes) {
  if (bytes.empty()) {
    sqlite3_bind_zeroblob(statement.get(), index, 0);  // a null pointer would be NULL
  } else {
    sqlite3_bind_blob64(statement.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
}

void bind_text(const Statement& statement, int index, std::string_view text) {
  sqlite3_bind_text64(statement.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string_view column(const Statement& statement, int index) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement.get(), index));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), index));
  return data == nullptr ? std::string_view() : std::string_view(data, size);
}

Digest sum_of(std::string_view kind, const Digest& key, std::string_view text) {
  Hasher hasher;
  hasher.write(as_bytes(fmt::format("{}\n{}\n", kind, key.hex())));
  hasher.write(as_bytes(text));
  return hasher.finish();
}

std::string_view raw_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.raw().data()), digest.raw().size()};
}

// The file itself is wrong, not the circumstances.
bool is_damage(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR;
}

}  // namespace

struct Memo::State {
  fs::path path;
  Warn warn;
  Use use = Use::write;
  Database database;  // null: the memo cannot be used
  bool has_warned = false;
  std::mutex mutex;  // guards all of the above

  void start();
  void start_reading();
  int check_version();
  int create();
  bool is_sound();
  int step(const Statement& statement);
  Statement prepare(const char* sql);
  void note(int code);
  void set_aside();
  void disable(int code);
  void warn_once(const std::string& text);
};

void Memo::State::warn_once(const std::string& text) {
  if (warn && !has_warned) warn(text);
  has_warned = true;
}

void Memo::State::disable(int code) {
  warn_once(fmt::format("the store works without its memo `{}`, so nothing is remembered: {}",
                        path.string(),
                        sqlite3_errstr(code)));
  database.reset();
}

// SQLITE_OK where the file is a memo of this version; makes one of an empty file.
int Memo::State::check_version() {
  const Statement statement = prepare("PRAGMA user_version");
  const int code = step(statement);
  if (code != SQLITE_ROW) return code;
  const int version = sqlite3_column_int(statement.get(), 0);
  if (version == memo_version) return SQLITE_OK;
  if (version != 0) return SQLITE_NOTADB;
  sqlite3_reset(statement.get());
  return create();
}

int Memo::State::create() {
  const int code = sqlite3_exec(database.get(), schema, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return code;
}

// Reads the whole file; asked only after something was wrong with it.
bool Memo::State::is_sound() {
  if (check_version() != SQLITE_OK || !prepare(select)) return false;
  const Statement check = prepare("PRAGMA quick_check(1)");
  return step(check) == SQLITE_ROW && column(check, 0) == "ok";
}

void Memo::State::start() {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  database.reset(opened);
  if (code != SQLITE_OK) return disable(code);
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  sqlite3_exec(opened, settings, nullptr, nullptr, nullptr);
  note(check_version());
}

void Memo::State::start_reading() {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  database.reset(opened);
  if (code != SQLITE_OK) return database.reset();
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  Statement statement = prepare("PRAGMA user_version");
  const bool is_memo =
      step(statement) == SQLITE_ROW && sqlite3_column_int(statement.get(), 0) == memo_version;
  statement.reset();
  if (!is_memo) database.reset();
}

Statement Memo::State::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database.get(), sql, -1, &statement, nullptr);
  return Statement(statement);
}

int Memo::State::step(const Statement& statement) {
  if (!statement) return sqlite3_errcode(database.get());
  return sqlite3_step(statement.get());
}

// What a failure means for the memo as a whole. A memo that others keep busy stays in use.
void Memo::State::note(int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  if (use == Use::read) {
    database.reset();
  } else if (is_damage(code)) {
    set_aside();
  } else if ((code & 0xff) != SQLITE_BUSY) {
    disable(code);
  }
}

void Memo::State::set_aside() {
  fs::path lock_path = path;
  lock_path += ".lock";
  const FileLock lock(lock_path, FileLock::Mode::exclusive);
  if (is_sound()) return;  // another process made it anew while this one waited
  fs::path damaged = path;
  damaged += ".damaged";
  std::error_code ignored;  // the copy is only for the curious
  fs::copy_file(path, damaged, fs::copy_options::overwrite_existing, ignored);
  warn_once(fmt::format(
      "the memo of the store was damaged or of another version and is made anew; the old one is "
      "`{}`",
      damaged.string()));
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_RESET_DATABASE, 1, nullptr);
  sqlite3_exec(database.get(), "VACUUM", nullptr, nullptr, nullptr);
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_RESET_DATABASE, 0, nullptr);
  const int code = check_version();
  if (code != SQLITE_OK) disable(code);
}

Memo::Memo(fs::path path, Warn warn, Use use) : state_(std::make_unique<State>()) {
  state_->path = std::move(path);
  state_->warn = std::move(warn);
  state_->use = use;
  if (use == Use::write) {
    state_->start();
  } else {
    state_->start_reading();
  }
}

Memo::~Memo() = default;

std::optional<std::string> Memo::get(std::string_view kind, const Digest& key) {
  const std::lock_guard guard(state_->mutex);
  if (!state_->database) return std::nullopt;
  Statement statement = state_->prepare(select);
  if (statement) {
    bind_text(statement, 1, kind);
    bind_blob(statement, 2, raw_text(key));
  }
  const int code = state_->step(statement);
  if (code == SQLITE_ROW) {
    std::string text(column(statement, 1));
    if (column(statement, 0) == raw_text(sum_of(kind, key, text))) return text;
    return std::nullopt;
  }
  statement.reset();
  state_->note(code);
  return std::nullopt;
}

void Memo::put(std::string_view kind, const Digest& key, std::string_view text) {
  const std::lock_guard guard(state_->mutex);
  if (!state_->database || state_->use == Use::read) return;
  Statement statement = state_->prepare(insert);
  const Digest sum = sum_of(kind, key, text);
  if (statement) {
    bind_text(statement, 1, kind);
    bind_blob(statement, 2, raw_text(key));
    bind_blob(statement, 3, raw_text(sum));
    bind_blob(statement, 4, text);
  }
  const int code = state_->step(statement);
  statement.reset();
  state_->note(code);
}

}  // namespace mlpack
