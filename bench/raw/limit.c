/* One core's share of the raw limit: the bare operation in a loop on the system's libcrypto, nothing around it.
 * usage: limit OPERATION SECONDS        prints: operations elapsed-seconds
 * Per message is done what a fair service must do per message; keys and, for RSA and EC, contexts are reused. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(x)                                             \
  do {                                                       \
    if (!(x)) {                                              \
      fprintf(stderr, "failed: %s\n", #x);                   \
      exit(1);                                               \
    }                                                        \
  } while (0)

static unsigned char digest[32], input[512], output[512];
static size_t input_length;
static EVP_PKEY *key;
static EVP_PKEY_CTX *context;
static EVP_CIPHER *cipher;
static EVP_CIPHER_CTX *cipher_context;
static unsigned char aes_key[32];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sign_one(void) {
  size_t length = sizeof output;
  CHECK(EVP_PKEY_sign(context, output, &length, digest, sizeof digest) == 1);
}

static void prepare_sign(int rsa) {
  key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  CHECK(key && (context = EVP_PKEY_CTX_new(key, NULL)) && EVP_PKEY_sign_init(context) == 1);
  if (rsa) CHECK(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1);
  CHECK(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1);
}

static void unwrap_one(void) {
  size_t length = sizeof output;
  CHECK(EVP_PKEY_decrypt(context, output, &length, input, input_length) == 1 && length == 32);
}

static void set_oaep(EVP_PKEY_CTX *c) {
  CHECK(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) == 1);
}

static void prepare_unwrap(void) {
  CHECK((key = EVP_RSA_gen(2048)));
  EVP_PKEY_CTX *wrap = EVP_PKEY_CTX_new(key, NULL);
  CHECK(wrap && EVP_PKEY_encrypt_init(wrap) == 1);
  set_oaep(wrap);
  input_length = sizeof input;
  CHECK(EVP_PKEY_encrypt(wrap, input, &input_length, digest, 32) == 1);
  EVP_PKEY_CTX_free(wrap);
  CHECK((context = EVP_PKEY_CTX_new(key, NULL)) && EVP_PKEY_decrypt_init(context) == 1);
  set_oaep(context);
}

/* Fresh random IV, key schedule, 32 bytes, tag. */
static void gcm_one(void) {
  unsigned char iv[12], tag[16];
  int length = 0;
  CHECK(RAND_bytes(iv, sizeof iv) == 1);
  CHECK(EVP_EncryptInit_ex2(cipher_context, cipher, aes_key, iv, NULL) == 1);
  CHECK(EVP_EncryptUpdate(cipher_context, output, &length, digest, 32) == 1 && length == 32);
  CHECK(EVP_EncryptFinal_ex(cipher_context, output + 32, &length) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher_context, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) == 1);
}

/* Key schedule and the unwrapping of 32 bytes (RFC 3394). */
static void kw_one(void) {
  int length = 0;
  CHECK(EVP_DecryptInit_ex2(cipher_context, cipher, aes_key, NULL, NULL) == 1);
  CHECK(EVP_DecryptUpdate(cipher_context, output, &length, input, 40) == 1 && length == 32);
}

static void prepare_aes(const char *name) {
  CHECK(RAND_bytes(aes_key, sizeof aes_key) == 1);
  CHECK((cipher = EVP_CIPHER_fetch(NULL, name, NULL)) && (cipher_context = EVP_CIPHER_CTX_new()));
}

static void prepare_kw(void) {
  int length = 0;
  prepare_aes("AES-256-WRAP");
  EVP_CIPHER_CTX_set_flags(cipher_context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  CHECK(EVP_EncryptInit_ex2(cipher_context, cipher, aes_key, NULL, NULL) == 1);
  CHECK(EVP_EncryptUpdate(cipher_context, input, &length, digest, 32) == 1 && length == 40);
}

static void generate_one(void) {
  EVP_PKEY *made = NULL;
  CHECK(EVP_PKEY_keygen(context, &made) == 1);
  EVP_PKEY_free(made);
}

static void prepare_generate(int rsa) {
  CHECK((context = EVP_PKEY_CTX_new_from_name(NULL, rsa ? "RSA" : "EC", NULL)) && EVP_PKEY_keygen_init(context) == 1);
  if (rsa) CHECK(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1);
  else CHECK(EVP_PKEY_CTX_set_group_name(context, "P-256") == 1);
}

int main(int argc, char **argv) {
  void (*one)(void) = NULL;
  int round = 16;
  CHECK(argc == 3);
  double seconds = atof(argv[2]);
  CHECK(RAND_bytes(digest, sizeof digest) == 1);
  if (!strcmp(argv[1], "rs256")) prepare_sign(1), one = sign_one;
  if (!strcmp(argv[1], "oaep256")) prepare_unwrap(), one = unwrap_one;
  if (!strcmp(argv[1], "es256")) prepare_sign(0), one = sign_one;
  if (!strcmp(argv[1], "a256gcm")) prepare_aes("AES-256-GCM"), one = gcm_one;
  if (!strcmp(argv[1], "a256kw")) prepare_kw(), one = kw_one;
  if (!strcmp(argv[1], "rsa-generate")) prepare_generate(1), one = generate_one, round = 1;
  if (!strcmp(argv[1], "p256-generate")) prepare_generate(0), one = generate_one;
  CHECK(one);
  /* All processes measure the same span: they wait for the word. */
  puts("ready");
  fflush(stdout);
  CHECK(getchar() == '\n');
  double start = now(), elapsed;
  unsigned long count = 0;
  do {
    for (int i = 0; i < round; i++) one();
    count += (unsigned long)round;
  } while ((elapsed = now() - start) < seconds);
  printf("%lu %.6f\n", count, elapsed);
  return 0;
}
