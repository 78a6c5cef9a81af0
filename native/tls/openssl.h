// The functions of the OpenSSL that is in the process, by their names. Nothing of it is needed to compile: its types
// are opaque here, and its prototypes, which are the same in all of OpenSSL 3, are written down below.
//
// It is looked for when the first server with TLS is made, in the program and in what that has loaded: Node carries
// one, and so its security fixes come with Node's. A second OpenSSL is never loaded beside one, for the calls between
// its libraries would find the functions of the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace brink::tls {

struct SSL;
struct SSL_CTX;
struct SSL_CIPHER;
struct SSL_CONF_CTX;
struct BIO;
struct BIO_METHOD;
struct EVP_PKEY;
struct EVP_CIPHER;
struct EVP_CIPHER_CTX;
struct EVP_MAC_CTX;
struct X509;
struct X509_CRL;
struct X509_STORE;
struct X509_STORE_CTX;
struct PKCS12;
struct OPENSSL_STACK;

// The one type that is not opaque.
struct OSSL_PARAM {
  const char* key;
  unsigned int data_type;
  void* data;
  size_t data_size;
  size_t return_size;
};

using PasswordCallback = int (*)(char* into, int size, int writing, void* argument);
using VerifyCallback = int (*)(int is_trusted, X509_STORE_CTX* context);
using ClientHelloCallback = int (*)(SSL* ssl, int* alert, void* argument);
using AlpnCallback = int (*)(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                             const unsigned char* offered, unsigned int offered_size, void* argument);
using TicketCallback = int (*)(SSL* ssl, unsigned char* key_name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                               EVP_MAC_CTX* mac, int encrypts);

// Result, name, parameters.
#define BRINK_OPENSSL_FUNCTIONS(X)                                                                                    \
  X(unsigned int, OPENSSL_version_major, ())                                                                          \
  X(unsigned int, OPENSSL_version_minor, ())                                                                          \
  X(unsigned int, OPENSSL_version_patch, ())                                                                          \
  X(int, OPENSSL_init_ssl, (uint64_t, const void*))                                                                   \
  X(int, OPENSSL_sk_num, (const OPENSSL_STACK*))                                                                      \
  X(void*, OPENSSL_sk_value, (const OPENSSL_STACK*, int))                                                             \
  X(void, OPENSSL_sk_pop_free, (OPENSSL_STACK*, void (*)(void*)))                                                     \
  X(void, ERR_clear_error, ())                                                                                        \
  X(unsigned long, ERR_get_error, ())                                                                                 \
  X(unsigned long, ERR_get_error_all, (const char**, int*, const char**, const char**, int*))                         \
  X(const char*, ERR_reason_error_string, (unsigned long))                                                            \
  X(unsigned long, ERR_peek_last_error, ())                                                                           \
  X(int, RAND_bytes, (unsigned char*, int))                                                                           \
  X(BIO_METHOD*, BIO_meth_new, (int, const char*))                                                                    \
  X(void, BIO_meth_free, (BIO_METHOD*))                                                                               \
  X(int, BIO_meth_set_write, (BIO_METHOD*, int (*)(BIO*, const char*, int)))                                          \
  X(int, BIO_meth_set_read, (BIO_METHOD*, int (*)(BIO*, char*, int)))                                                 \
  X(int, BIO_meth_set_ctrl, (BIO_METHOD*, long (*)(BIO*, int, long, void*)))                                          \
  X(BIO*, BIO_new, (const BIO_METHOD*))                                                                               \
  X(BIO*, BIO_new_mem_buf, (const void*, int))                                                                        \
  X(int, BIO_free, (BIO*))                                                                                            \
  X(int, BIO_up_ref, (BIO*))                                                                                          \
  X(void, BIO_set_data, (BIO*, void*))                                                                                \
  X(void*, BIO_get_data, (BIO*))                                                                                      \
  X(void, BIO_set_init, (BIO*, int))                                                                                  \
  X(void, BIO_set_flags, (BIO*, int))                                                                                 \
  X(void, BIO_clear_flags, (BIO*, int))                                                                               \
  X(EVP_PKEY*, PEM_read_bio_PrivateKey, (BIO*, EVP_PKEY**, PasswordCallback, void*))                                  \
  X(X509*, PEM_read_bio_X509, (BIO*, X509**, PasswordCallback, void*))                                                \
  X(X509*, PEM_read_bio_X509_AUX, (BIO*, X509**, PasswordCallback, void*))                                            \
  X(X509_CRL*, PEM_read_bio_X509_CRL, (BIO*, X509_CRL**, PasswordCallback, void*))                                    \
  X(PKCS12*, d2i_PKCS12_bio, (BIO*, PKCS12**))                                                                        \
  X(int, PKCS12_parse, (PKCS12*, const char*, EVP_PKEY**, X509**, OPENSSL_STACK**))                                   \
  X(void, PKCS12_free, (PKCS12*))                                                                                     \
  X(void, EVP_PKEY_free, (EVP_PKEY*))                                                                                 \
  X(void, X509_free, (X509*))                                                                                         \
  X(void, X509_CRL_free, (X509_CRL*))                                                                                 \
  X(int, i2d_X509, (const X509*, unsigned char**))                                                                    \
  X(int, X509_check_private_key, (const X509*, const EVP_PKEY*))                                                      \
  X(int, X509_STORE_add_cert, (X509_STORE*, X509*))                                                                   \
  X(int, X509_STORE_add_crl, (X509_STORE*, X509_CRL*))                                                                \
  X(int, X509_STORE_set_flags, (X509_STORE*, unsigned long))                                                          \
  X(const char*, X509_verify_cert_error_string, (long))                                                               \
  X(EVP_CIPHER*, EVP_CIPHER_fetch, (void*, const char*, const char*))                                                 \
  X(void, EVP_CIPHER_free, (EVP_CIPHER*))                                                                             \
  X(int, EVP_EncryptInit_ex, (EVP_CIPHER_CTX*, const EVP_CIPHER*, void*, const unsigned char*, const unsigned char*)) \
  X(int, EVP_DecryptInit_ex, (EVP_CIPHER_CTX*, const EVP_CIPHER*, void*, const unsigned char*, const unsigned char*)) \
  X(int, EVP_MAC_CTX_set_params, (EVP_MAC_CTX*, const OSSL_PARAM*))                                                   \
  X(const void*, TLS_server_method, ())                                                                               \
  X(SSL_CTX*, SSL_CTX_new, (const void*))                                                                             \
  X(void, SSL_CTX_free, (SSL_CTX*))                                                                                   \
  X(long, SSL_CTX_ctrl, (SSL_CTX*, int, long, void*))                                                                 \
  X(uint64_t, SSL_CTX_set_options, (SSL_CTX*, uint64_t))                                                              \
  X(long, SSL_CTX_set_timeout, (SSL_CTX*, long))                                                                      \
  X(int, SSL_CTX_set_num_tickets, (SSL_CTX*, size_t))                                                                 \
  X(int, SSL_CTX_set_session_id_context, (SSL_CTX*, const unsigned char*, unsigned int))                              \
  X(void, SSL_CTX_set_verify, (SSL_CTX*, int, VerifyCallback))                                                        \
  X(int, SSL_CTX_get_verify_mode, (const SSL_CTX*))                                                                   \
  X(VerifyCallback, SSL_CTX_get_verify_callback, (const SSL_CTX*))                                                    \
  X(int, SSL_CTX_use_certificate, (SSL_CTX*, X509*))                                                                  \
  X(int, SSL_CTX_use_PrivateKey, (SSL_CTX*, EVP_PKEY*))                                                               \
  X(X509_STORE*, SSL_CTX_get_cert_store, (const SSL_CTX*))                                                            \
  X(int, SSL_CTX_add_client_CA, (SSL_CTX*, X509*))                                                                    \
  X(void, SSL_CTX_set_client_hello_cb, (SSL_CTX*, ClientHelloCallback, void*))                                        \
  X(void, SSL_CTX_set_alpn_select_cb, (SSL_CTX*, AlpnCallback, void*))                                                \
  X(int, SSL_CTX_set_tlsext_ticket_key_evp_cb, (SSL_CTX*, TicketCallback))                                            \
  X(SSL_CONF_CTX*, SSL_CONF_CTX_new, ())                                                                              \
  X(void, SSL_CONF_CTX_free, (SSL_CONF_CTX*))                                                                         \
  X(unsigned int, SSL_CONF_CTX_set_flags, (SSL_CONF_CTX*, unsigned int))                                              \
  X(void, SSL_CONF_CTX_set_ssl_ctx, (SSL_CONF_CTX*, SSL_CTX*))                                                        \
  X(int, SSL_CONF_CTX_finish, (SSL_CONF_CTX*))                                                                        \
  X(int, SSL_CONF_cmd, (SSL_CONF_CTX*, const char*, const char*))                                                     \
  X(SSL*, SSL_new, (SSL_CTX*))                                                                                        \
  X(void, SSL_free, (SSL*))                                                                                           \
  X(long, SSL_ctrl, (SSL*, int, long, void*))                                                                         \
  X(void, SSL_set_bio, (SSL*, BIO*, BIO*))                                                                            \
  X(void, SSL_set_accept_state, (SSL*))                                                                               \
  X(BIO*, SSL_get_rbio, (const SSL*))                                                                                 \
  X(int, SSL_is_init_finished, (const SSL*))                                                                          \
  X(int, SSL_read_ex, (SSL*, void*, size_t, size_t*))                                                                 \
  X(int, SSL_write_ex, (SSL*, const void*, size_t, size_t*))                                                          \
  X(int, SSL_pending, (const SSL*))                                                                                   \
  X(int, SSL_get_error, (const SSL*, int))                                                                            \
  X(int, SSL_shutdown, (SSL*))                                                                                        \
  X(SSL_CTX*, SSL_set_SSL_CTX, (SSL*, SSL_CTX*))                                                                      \
  X(void, SSL_set_verify, (SSL*, int, VerifyCallback))                                                                \
  X(int, SSL_set_session_id_context, (SSL*, const unsigned char*, unsigned int))                                      \
  X(int, SSL_client_hello_get0_ext, (SSL*, unsigned int, const unsigned char**, size_t*))                             \
  X(const char*, SSL_get_version, (const SSL*))                                                                       \
  X(const SSL_CIPHER*, SSL_get_current_cipher, (const SSL*))                                                          \
  X(const char*, SSL_CIPHER_get_name, (const SSL_CIPHER*))                                                            \
  X(int, SSL_session_reused, (const SSL*))                                                                            \
  X(long, SSL_get_verify_result, (const SSL*))                                                                        \
  X(X509*, SSL_get1_peer_certificate, (const SSL*))

struct OpenSsl {
#define BRINK_OPENSSL_FUNCTION(result, name, parameters) result(*name) parameters = nullptr;
  BRINK_OPENSSL_FUNCTIONS(BRINK_OPENSSL_FUNCTION)
#undef BRINK_OPENSSL_FUNCTION

  // What the first error in the queue says, which is then empty.
  const char* take_reason() const;
  // The same with its details, for a sentence.
  std::string take_error() const;
};

// The OpenSSL of this process; null when there is none that could be used, and `why_not` tells what was found.
struct Binding {
  const OpenSsl* openssl = nullptr;
  std::string version;
  std::string why_not;
};

// Looked for once. Thread-safe.
const Binding& openssl_of_process();

}  // namespace brink::tls
