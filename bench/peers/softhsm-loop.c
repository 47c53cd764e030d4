/* One core's share of what SoftHSM does by PKCS#11 in this process: no network, no access check by request, no record.
 * usage: softhsm-loop OPERATION SECONDS LIBRARY PIN        prints: operations elapsed-seconds
 * Speaks like bench/raw/limit.c. The token has the keys `rsa`, `ec` and `oct`; what came out last is checked at the end.
 * Of PKCS#11 only what is used is declared, since its header comes with no compiler (PKCS#11 2.40, 64-bit). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long ulong_t;
typedef struct { ulong_t type; void *value; ulong_t length; } attribute;
typedef struct { ulong_t mechanism; void *parameter; ulong_t length; } mechanism;
typedef struct { unsigned char *iv; ulong_t iv_length, iv_bits; unsigned char *aad; ulong_t aad_length, tag_bits; } gcm;

enum { CKO_PUBLIC = 2, CKO_PRIVATE = 3, CKO_SECRET = 4 };
enum { CKA_CLASS = 0, CKA_LABEL = 3, CKA_MODULUS = 0x120, CKA_PUBLIC_EXPONENT = 0x122 };
enum { CKM_RSA_PKCS = 1, CKM_ECDSA = 0x1041, CKM_AES_GCM = 0x1087 };
enum { CKF_SERIAL = 4, CKU_USER = 1 };

#define MUST(x)                                                                  \
  do {                                                                           \
    ulong_t failure = (ulong_t)(x);                                              \
    if (failure) {                                                               \
      fprintf(stderr, "failed: %s: %#lx\n", #x, failure);                        \
      exit(1);                                                                   \
    }                                                                            \
  } while (0)

static void *library;
static ulong_t session, key;
/* DigestInfo of SHA-256 (RFC 8017 section 9.2, note 1), then the digest. */
static unsigned char input[51] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                  0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
static unsigned char iv[12], output[512];
static ulong_t output_length, taken;
static mechanism how;
static gcm parameters = {iv, sizeof iv, 8 * sizeof iv, NULL, 0, 128};

static void *symbol(const char *name) {
  void *found = dlsym(library, name);
  MUST(found == NULL);
  return found;
}
#define FUNCTION(name, ...) static ulong_t (*name)(__VA_ARGS__)
FUNCTION(C_SignInit, ulong_t, mechanism *, ulong_t);
FUNCTION(C_Sign, ulong_t, unsigned char *, ulong_t, unsigned char *, ulong_t *);
FUNCTION(C_VerifyInit, ulong_t, mechanism *, ulong_t);
FUNCTION(C_Verify, ulong_t, unsigned char *, ulong_t, unsigned char *, ulong_t);
FUNCTION(C_EncryptInit, ulong_t, mechanism *, ulong_t);
FUNCTION(C_Encrypt, ulong_t, unsigned char *, ulong_t, unsigned char *, ulong_t *);
FUNCTION(C_DecryptInit, ulong_t, mechanism *, ulong_t);
FUNCTION(C_Decrypt, ulong_t, unsigned char *, ulong_t, unsigned char *, ulong_t *);
FUNCTION(C_GenerateRandom, ulong_t, unsigned char *, ulong_t);
FUNCTION(C_FindObjectsInit, ulong_t, attribute *, ulong_t);
FUNCTION(C_FindObjects, ulong_t, ulong_t *, ulong_t, ulong_t *);
FUNCTION(C_FindObjectsFinal, ulong_t);
FUNCTION(C_GetAttributeValue, ulong_t, ulong_t, attribute *, ulong_t);
FUNCTION(C_Initialize, void *);
FUNCTION(C_GetSlotList, unsigned char, ulong_t *, ulong_t *);
FUNCTION(C_OpenSession, ulong_t, ulong_t, void *, void *, ulong_t *);
FUNCTION(C_Login, ulong_t, ulong_t, unsigned char *, ulong_t);
#define BIND(name) *(void **)&name = symbol(#name)

static void bind_all(void) {
  BIND(C_SignInit), BIND(C_Sign), BIND(C_VerifyInit), BIND(C_Verify), BIND(C_EncryptInit), BIND(C_Encrypt);
  BIND(C_DecryptInit), BIND(C_Decrypt), BIND(C_GenerateRandom), BIND(C_FindObjectsInit), BIND(C_FindObjects);
  BIND(C_FindObjectsFinal), BIND(C_GetAttributeValue), BIND(C_Initialize), BIND(C_GetSlotList);
  BIND(C_OpenSession), BIND(C_Login);
}

static ulong_t find(ulong_t class, const char *label) {
  ulong_t found = 0, count = 0;
  attribute template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, (void *)label, strlen(label)}};
  MUST(C_FindObjectsInit(session, template, 2));
  MUST(C_FindObjects(session, &found, 1, &count));
  MUST(C_FindObjectsFinal(session));
  MUST(count != 1);
  return found;
}

static unsigned char *to_sign(void) { return how.mechanism == CKM_RSA_PKCS ? input : input + 19; }
static ulong_t to_sign_length(void) { return how.mechanism == CKM_RSA_PKCS ? 51 : 32; }

static void sign_one(void) {
  output_length = sizeof output;
  MUST(C_SignInit(session, &how, key));
  MUST(C_Sign(session, to_sign(), to_sign_length(), output, &output_length));
}

static void check_signature(const char *label) {
  MUST(C_VerifyInit(session, &how, find(CKO_PUBLIC, label)));
  MUST(C_Verify(session, to_sign(), to_sign_length(), output, output_length));
}

static void gcm_one(void) {
  output_length = sizeof output;
  MUST(C_GenerateRandom(session, iv, sizeof iv));
  MUST(C_EncryptInit(session, &how, key));
  MUST(C_Encrypt(session, input + 19, 32, output, &output_length));
}

static void check_gcm(void) {
  unsigned char plain[64];
  taken = sizeof plain;
  MUST(C_DecryptInit(session, &how, key));
  MUST(C_Decrypt(session, output, output_length, plain, &taken));
  MUST(taken != 32 || memcmp(plain, input + 19, 32));
}

/* By its name, as a service that is asked for a key must. */
static void read_one(void) {
  unsigned char modulus[256], exponent[8];
  attribute wanted[] = {{CKA_MODULUS, modulus, sizeof modulus}, {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}};
  MUST(C_GetAttributeValue(session, find(CKO_PUBLIC, "rsa"), wanted, 2));
  MUST(wanted[0].length != 256 || wanted[1].length != 3);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  void (*one)(void) = NULL;
  ulong_t slots[8], count = 8;
  MUST(argc != 5);
  MUST((library = dlopen(argv[3], RTLD_NOW)) == NULL);
  bind_all();
  MUST(C_Initialize(NULL));
  MUST(C_GetSlotList(1, slots, &count));
  MUST(C_OpenSession(slots[0], CKF_SERIAL, NULL, NULL, &session));
  MUST(C_Login(session, CKU_USER, (unsigned char *)argv[4], strlen(argv[4])));
  MUST(C_GenerateRandom(session, input + 19, 32));
  if (!strcmp(argv[1], "rs256")) how.mechanism = CKM_RSA_PKCS, key = find(CKO_PRIVATE, "rsa"), one = sign_one;
  if (!strcmp(argv[1], "es256")) how.mechanism = CKM_ECDSA, key = find(CKO_PRIVATE, "ec"), one = sign_one;
  if (!strcmp(argv[1], "a256gcm")) {
    how = (mechanism){CKM_AES_GCM, &parameters, sizeof parameters};
    key = find(CKO_SECRET, "oct"), one = gcm_one;
  }
  if (!strcmp(argv[1], "keyget")) one = read_one;
  MUST(one == NULL);
  one();
  puts("ready");
  fflush(stdout);
  MUST(getchar() != '\n');
  double start = now(), elapsed, seconds = atof(argv[2]);
  unsigned long done = 0;
  do {
    for (int i = 0; i < 16; i++) one();
    done += 16;
  } while ((elapsed = now() - start) < seconds);
  if (one == sign_one) check_signature(how.mechanism == CKM_RSA_PKCS ? "rsa" : "ec");
  if (one == gcm_one) check_gcm();
  printf("%lu %.6f\n", done, elapsed);
  return 0;
}
