/* mounttest: what a mounted file or directory is like, in words that tests compare. */
#include "agnhost.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

static const long tmpfs_magic = 0x01021994;
static const char new_text[] = "mount-tester new file\n";
static int failures;

/* The error as Go words it: "operation path: reason in lower case". */
static void print_reason(const char *operation, const char *path) {
  char reason[256];
  snprintf(reason, sizeof reason, "%s", strerror(errno));
  if (reason[0] >= 'A' && reason[0] <= 'Z') reason[0] += 'a' - 'A';
  printf("%s %s: %s\n", operation, path, reason);
}

static void failed(const char *what, const char *operation, const char *path) {
  const int reason = errno;
  printf("%s \"%s\": ", what, path);
  errno = reason;
  print_reason(operation, path);
  failures++;
}

static void failed_call(const char *call, const char *operation, const char *path) {
  const int reason = errno;
  printf("error from %s(\"%s\"): ", call, path);
  errno = reason;
  print_reason(operation, path);
  failures++;
}

static void permissions(mode_t mode, char *text) {
  const char *letters = "rwxrwxrwx";
  for (int i = 0; i < 9; i++) text[i] = mode & (0400 >> i) ? letters[i] : '-';
  text[9] = 0;
}

/* A mode as Go prints it: letters for the type and the special bits, then nine permissions. */
static void go_mode(mode_t mode, char *text) {
  char *at = text;
  if (S_ISDIR(mode)) *at++ = 'd';
  if (S_ISLNK(mode)) *at++ = 'L';
  if (S_ISBLK(mode) || S_ISCHR(mode)) *at++ = 'D';
  if (S_ISFIFO(mode)) *at++ = 'p';
  if (S_ISSOCK(mode)) *at++ = 'S';
  if (mode & S_ISUID) *at++ = 'u';
  if (mode & S_ISGID) *at++ = 'g';
  if (S_ISCHR(mode)) *at++ = 'c';
  if (mode & S_ISVTX) *at++ = 't';
  if (at == text) *at++ = '-';
  permissions(mode, at);
}

static void file_system(const char *path) {
  struct statfs info;
  if (path == NULL) return;
  if (statfs(path, &info) != 0) failed_call("statfs", "statfs", path);
  else if (info.f_type == tmpfs_magic) printf("mount type of \"%s\": tmpfs\n", path);
  else printf("mount type of \"%s\": %ld\n", path, (long)info.f_type);
}

/* What a path leads to: links are followed, as volumes made of API objects show every file through one. */
static bool looked(const char *path, struct stat *info) {
  if (path == NULL) return false;
  if (stat(path, info) == 0) return true;
  failed_call("Stat", "stat", path);
  return false;
}

static char *contents(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return NULL;
  size_t size = 0, room = 65536;
  char *text = malloc(room + 1);
  for (size_t got; (got = fread(text + size, 1, room - size, file)) > 0;) {
    size += got;
    if (size == room) text = realloc(text, (room *= 2) + 1);
  }
  text[size] = 0;
  fclose(file);
  return text;
}

static void file_content(const char *path) {
  if (path == NULL) return;
  char *text = contents(path);
  if (text == NULL) failed("error reading file content for", "open", path);
  else printf("content of file \"%s\": %s\n", path, text);
  free(text);
}

static void content_in_loop(const char *path, long seconds, bool break_on_content) {
  if (path == NULL) return;
  const time_t until = time(NULL) + seconds;
  do {
    char *text = contents(path);
    bool expected = false;
    if (text == NULL) {
      printf("Error reading file %s: ", path);
      print_reason("open", path);
    } else {
      printf("content of file \"%s\": %s\n", path, text);
      expected = strcmp(text, new_text) == 0;
      if (break_on_content && !expected) printf("Unexpected content. Expected: %s. Retrying", new_text);
    }
    free(text);
    if (break_on_content && expected) return;
    sleep(1);
  } while (time(NULL) < until);
}

static void new_file(const char *path, mode_t mode) {
  if (path == NULL) return;
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  const bool written = file >= 0 && write(file, new_text, sizeof new_text - 1) >= 0;
  if (!written) failed("error writing new file", "open", path);
  if (file >= 0) close(file);
  if (written) file_content(path);
}

int run_mounttest(int argc, char **argv) {
  struct stat info;
  char text[32];
  const char *path;
  umask(0);
  /* The order is fixed: the type, then new files, then what they are like, then what is in them. */
  file_system(option(argc, argv, "fs_type"));
  new_file(option(argc, argv, "new_file_0644"), 0644);
  new_file(option(argc, argv, "new_file_0666"), 0666);
  new_file(option(argc, argv, "new_file_0660"), 0660);
  new_file(option(argc, argv, "new_file_0777"), 0777);
  if (looked(path = option(argc, argv, "file_mode"), &info)) {
    go_mode(info.st_mode, text);
    printf("mode of file \"%s\": %s\n", path, text);
  }
  if (looked(path = option(argc, argv, "file_perm"), &info)) {
    text[0] = '-';
    permissions(info.st_mode, text + 1);
    printf("perms of file \"%s\": %s\n", path, text);
  }
  if (looked(path = option(argc, argv, "file_owner"), &info))
    printf("owner UID of \"%s\": %u\nowner GID of \"%s\": %u\n", path, info.st_uid, path, info.st_gid);
  file_content(option(argc, argv, "file_content"));
  content_in_loop(option(argc, argv, "file_content_in_loop"), number_option(argc, argv, "retry_time", 180),
                  strcmp(option(argc, argv, "break_on_expected_content") ?: "true", "false") != 0);
  return failures > 0 ? 1 : 0;
}
